// Sparse attention one row at a time: the strided and the fixed pattern of Sparse Transformers (Child et al. 2019,
// 1904.10509). A row sees some 2 sqrt(N) of N rows, so a stream costs O(N sqrt N) instead of O(N^2).
//   y = o_proj(softmax(q_proj x . k_proj x_rows / sqrt(headDim)) v_rows)     over the rows that pattern.ts lists
// The state has a size because the length of the stream is declared. Both factors in one head, as the merged heads of the
// paper's section 5.2 do. Slow twin: naive.ts.

import { matvec } from '../../kernel/plain/matvec.ts';
import { ropeFrequencies, ropeRotation, rotateHalf } from '../../kernel/plain/rope.ts';
import { attendSlots } from '../../kernel/plain/sparse-attention-slots.ts';
import type { Weights } from '../../weights/tensor.ts';
import type { Cell } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import { f32, f64, type State } from '../state.ts';
import { full, lowerSparseAttention } from './lower.ts';
import { readSparseAttention, type SparseAttentionConfig } from './params.ts';
import { patternOf } from './pattern.ts';

/**
 * k, v [slots, kvHeads * headDim]: kept rows, keys rotated if there is a rotation. rows [slots]: the absolute row in each,
 * -1 for none. position [1]: the next row.
 */
export type SparseAttentionLayout = {
  readonly k: ReturnType<typeof f32>;
  readonly v: ReturnType<typeof f32>;
  readonly rows: ReturnType<typeof f64>;
  readonly position: ReturnType<typeof f64>;
};

/**
 * A layer with the tensors under `prefix`, for instance `model.layers.0.self_attn.`; dIn = dOut = dModel. With
 * `whenFull: 'refuse'` its step throws ERR_CONTEXT_FULL at row `rowsMax` and leaves the state as it was.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function sparseAttentionCell(
  weights: Weights,
  prefix: string,
  config: SparseAttentionConfig,
): Cell<SparseAttentionLayout> {
  const params = readSparseAttention(weights, prefix, config);
  const { dModel, heads, kvHeads, headDim, rowsMax, theta } = config;
  const pattern = patternOf(config);
  const wide = heads * headDim;
  const narrow = kvHeads * headDim;
  const layout: SparseAttentionLayout = {
    k: f32(pattern.slots, narrow),
    v: f32(pattern.slots, narrow),
    rows: f64(pattern.slots),
    position: f64(1),
  };
  const frequencies = theta === undefined ? undefined : ropeFrequencies(theta, headDim);

  // Scratch, rewritten by every step.
  const rotation = new Float64Array(headDim);
  const [q, k, v] = [new Float32Array(wide), new Float32Array(narrow), new Float32Array(narrow)];
  const attended = new Float32Array(wide);
  const slots = new Uint32Array(pattern.seenMax);
  const scores = new Float64Array(pattern.seenMax);

  const keep = ({ at }: State<SparseAttentionLayout>, slot: number, row: number): void => {
    at.k.set(k, slot * narrow);
    at.v.set(v, slot * narrow);
    at.rows[slot] = row;
  };

  const step = (state: State<SparseAttentionLayout>, input: Float32Array, output: Float32Array): void => {
    const { at } = state;
    const position = at.position[0]!;
    if (config.whenFull === 'refuse' && position >= rowsMax) throw full(rowsMax);
    matvec(params.q, input, q, wide, dModel);
    matvec(params.k, input, k, narrow, dModel);
    matvec(params.v, input, v, narrow, dModel);
    if (frequencies) {
      ropeRotation(position, frequencies, rotation);
      rotateHalf(q, rotation);
      rotateHalf(k, rotation);
    }
    keep(state, pattern.home(position), position);
    const summary = pattern.summaryHome(position);
    if (summary >= 0) keep(state, summary, position);
    at.position[0] = position + 1;
    const seen = pattern.visible(at.rows, position, slots);
    attendSlots(q, at.k, at.v, slots, seen, scores, attended, config);
    matvec(params.o, attended, output, dModel, wide);
  };

  return {
    kind: 'sparse-attention',
    dIn: dModel,
    dOut: dModel,
    layout,
    contextRows: pattern.contextRows,
    flops: 4 * dModel * (wide + narrow) + 4 * wide * pattern.seenMax,
    init: start,
    step,
    scan: scanBySteps({ dIn: dModel, dOut: dModel, step }),
    lower: (simd, region) => lowerSparseAttention(params, config, layout, pattern, simd, region),
    // No keys come from rows without input; positions, blocks and residues move on.
    skip({ at }, rows) {
      at.position[0] = at.position[0]! + rows;
    },
  };
}

function start({ at }: State<SparseAttentionLayout>): void {
  at.k.fill(0);
  at.v.fill(0);
  at.rows.fill(-1);
  at.position.fill(0);
}
