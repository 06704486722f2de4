// A mixture of attention heads (Zhang et al. 2022, 2210.05144; as in JetMoE, Shen et al. 2024, 2404.07413, section 2.2):
// keys and values are shared, every expert has queries and an output of its own, and a router picks k experts for a row.
//   k, v = kv_proj x;   e_1 .. e_k, gates = router x (softmax over the chosen)
//   y = bias + sum_j gate_j output_{e_j}(attention(rope(input_{e_j} x), rope(k)_rows, v_rows))
// Upstream lays the queries of all chosen experts side by side, so query head j reads key head j mod kvHeads: here that is
// plain multi-head attention once for each expert. The ring is that of attention, and so is its window. Twin: naive.ts.

import { attendRing } from '../../kernel/plain/attention-ring.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import { routeTopK } from '../../kernel/plain/moe-router.ts';
import { ropeFrequencies, ropeRotation, rotateHalf } from '../../kernel/plain/rope.ts';
import type { Weights } from '../../weights/tensor.ts';
import type { Cell } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import { f32, f64, type State } from '../state.ts';
import { full, lowerMoa } from './lower.ts';
import { type MoaConfig, readMoa } from './params.ts';

/**
 * k, v [window, kvHeads * headDim]: the ring. rows [window]: the absolute row in each slot, -1 for none.
 * position [1]: the next row. f64 counts rows exactly up to 9e15.
 */
export type MoaLayout = {
  readonly k: ReturnType<typeof f32>;
  readonly v: ReturnType<typeof f32>;
  readonly rows: ReturnType<typeof f64>;
  readonly position: ReturnType<typeof f64>;
};

/**
 * A layer with the tensors under `prefix`, for instance `model.layers.0.self_attention.`; dIn = dOut = dModel. With
 * `whenFull: 'refuse'` its step throws ERR_CONTEXT_FULL at row `window` and leaves the state as it was.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function moaCell(weights: Weights, prefix: string, config: MoaConfig): Cell<MoaLayout> {
  const params = readMoa(weights, prefix, config);
  const { dModel, kvHeads, headDim, experts, chosen: count, window } = config;
  const width = kvHeads * headDim;
  const sizes = { heads: kvHeads, kvHeads, headDim };
  const frequencies = ropeFrequencies(config.theta, headDim);
  const layout: MoaLayout = { k: f32(window, width), v: f32(window, width), rows: f64(window), position: f64(1) };

  // Scratch, rewritten by every step. k and v are views: kv_proj writes them both.
  const logits = new Float32Array(experts);
  const chosen = new Uint32Array(count);
  const gates = new Float64Array(count);
  const rotation = new Float64Array(headDim);
  const kv = new Float32Array(2 * width);
  const [k, v] = [kv.subarray(0, width), kv.subarray(width)];
  const [q, attended] = [new Float32Array(width), new Float32Array(width)];
  const scores = new Float64Array(window);
  const made = new Float32Array(dModel);
  const sum = new Float64Array(dModel);

  /** Adds what one expert makes of the row to `sum`. */
  const mix = ({ at }: State<MoaLayout>, x: Float32Array, position: number, expert: number, gate: number): void => {
    matvec(params.q[expert]!, x, q, width, dModel);
    rotateHalf(q, rotation);
    attendRing(q, at.k, at.v, at.rows, position, scores, attended, sizes);
    matvec(params.o[expert]!, attended, made, dModel, width);
    for (let i = 0; i < dModel; i++) sum[i] = sum[i]! + gate * made[i]!;
  };

  const step = (state: State<MoaLayout>, x: Float32Array, y: Float32Array): void => {
    const { at } = state;
    const position = at.position[0]!;
    if (config.whenFull === 'refuse' && position >= window) throw full(window);
    matvec(params.kv, x, kv, 2 * width, dModel);
    ropeRotation(position, frequencies, rotation);
    rotateHalf(k, rotation);
    const slot = position % window;
    at.k.set(k, slot * width);
    at.v.set(v, slot * width);
    at.rows[slot] = position;
    at.position[0] = position + 1;
    matvec(params.router, x, logits, experts, dModel);
    routeTopK(logits, 'chosen', chosen, gates);
    sum.set(params.bias);
    for (let j = 0; j < count; j++) mix(state, x, position, chosen[j]!, gates[j]!);
    y.set(sum);
  };

  return {
    kind: 'moa',
    dIn: dModel,
    dOut: dModel,
    layout,
    contextRows: window,
    flops: 2 * dModel * (experts + 2 * width) + count * width * (4 * dModel + 4 * window),
    init: start,
    step,
    scan: scanBySteps({ dIn: dModel, dOut: dModel, step }),
    lower: (simd, region) => lowerMoa(params, config, layout, simd, region),
    // As attention: no keys come from rows without input, and what the ring holds ages.
    skip({ at }, rows) {
      at.position[0] = at.position[0]! + rows;
    },
  };
}

function start({ at }: State<MoaLayout>): void {
  at.k.fill(0);
  at.v.fill(0);
  at.rows.fill(-1);
  at.position.fill(0);
}
