// RWKV-4 time mixing, one row at a time (Peng et al. 2023, 2305.13048). The other half of a layer: channel-mix.ts; norms
// and residuals: block.ts.
//   xk, xv, xr = m x + (1 - m) previous x;   k, v, r = key xk, value xv, sigmoid(receptance xr)
//   wkv = sum over rows of e^(k - age exp(time_decay)) v / the same sum without v, this row with e^(k + time_first)
//   y = output (r wkv)
// The state does not grow: 4 (D + 3 A) bytes. Slow twin: naive.ts. Names and shapes: params.ts.

import { sigmoid } from '../../base/math.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import { tokenShift } from '../../kernel/plain/rwkv-token-shift.ts';
import { WKV4_EMPTY, wkv4Age, wkv4Step } from '../../kernel/plain/rwkv4-wkv-step.ts';
import type { Weights } from '../../weights/tensor.ts';
import type { Cell } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import { f32, type State } from '../state.ts';
import { type Rwkv4Config, readTimeMix } from './params.ts';

/** shift [D]: the row before. num, den, max [A]: the sums of the WKV operator over e^max. */
export type Rwkv4Layout = {
  readonly shift: ReturnType<typeof f32>;
  readonly num: ReturnType<typeof f32>;
  readonly den: ReturnType<typeof f32>;
  readonly max: ReturnType<typeof f32>;
};

/**
 * The time mixing with the tensors under `prefix`, for instance `rwkv.blocks.0.attention.`; dIn = dOut = dModel.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function rwkv4Cell(weights: Weights, prefix: string, config: Rwkv4Config): Cell<Rwkv4Layout> {
  const params = readTimeMix(weights, prefix, config);
  const { dModel, dAttention } = config;
  const layout: Rwkv4Layout = { shift: f32(dModel), num: f32(dAttention), den: f32(dAttention), max: f32(dAttention) };

  // Scratch, rewritten by every step.
  const mixed = new Float32Array(dModel);
  const k = new Float32Array(dAttention);
  const v = new Float32Array(dAttention);
  const r = new Float32Array(dAttention);
  const wkv = new Float32Array(dAttention);

  const advance = (state: State<Rwkv4Layout>, x: Float32Array, y: Float32Array, dt: number): void => {
    const { shift } = state.at;
    tokenShift(shift, x, params.mixKey, mixed);
    matvec(params.key, mixed, k, dAttention, dModel);
    tokenShift(shift, x, params.mixValue, mixed);
    matvec(params.value, mixed, v, dAttention, dModel);
    tokenShift(shift, x, params.mixReceptance, mixed);
    matvec(params.receptance, mixed, r, dAttention, dModel);
    wkv4Step(state.at, params.w, params.u, k, v, wkv, dt);
    for (let i = 0; i < dAttention; i++) wkv[i] = sigmoid(r[i]!) * wkv[i]!;
    matvec(params.output, wkv, y, dModel, dAttention);
    shift.set(x);
  };
  const step = (state: State<Rwkv4Layout>, x: Float32Array, y: Float32Array): void => advance(state, x, y, 1);

  return {
    kind: 'rwkv4',
    dIn: dModel,
    dOut: dModel,
    layout,
    contextRows: Infinity,
    flops: 8 * dModel * dAttention + 9 * dModel + 29 * dAttention,
    init({ at }) {
      at.shift.fill(0);
      at.num.fill(0);
      at.den.fill(0);
      at.max.fill(WKV4_EMPTY);
    },
    step,
    scan: scanBySteps({ dIn: dModel, dOut: dModel, step }),
    // Late by dt - 1 rows: what the row reads has aged by so much more. Early: only the ageing that follows is shorter.
    stepAfter(state, x, y, dt) {
      if (dt > 1) wkv4Age(state.at.max, params.w, dt - 1);
      advance(state, x, y, Math.min(1, dt));
    },
    // Nothing enters the sums, they age. The token shift holds the last row that came.
    skip(state, rows) {
      wkv4Age(state.at.max, params.w, rows);
    },
  };
}
