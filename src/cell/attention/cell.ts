// Sliding-window attention with rotary positions and grouped queries, one row at a time: the cell that the constant-state
// cells are measured against. A query at row p sees keys p - window < row <= p (Mistral's rule: `window` rows, itself
// included), kept in a ring: row p lies in slot p mod window, its key already rotated.
//   y = o_proj(softmax(rope(q_proj x) . rope(k_proj x)_rows / sqrt(headDim)) v_rows)
// The state does not grow, but it is as large as the window: 8 kvHeads headDim window bytes, and 8 more a slot.

import { attendRing } from '../../kernel/plain/attention-ring.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import { ropeFrequencies, ropeRotation, rotateHalf } from '../../kernel/plain/rope.ts';
import type { Weights } from '../../weights/tensor.ts';
import type { Cell } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import { f32, f64, type State } from '../state.ts';
import { type AttentionConfig, readAttention } from './params.ts';

/**
 * k, v [window, kvHeads * headDim]: the ring. rows [window]: the absolute row in each slot, -1 for none.
 * position [1]: the next row. f64 counts rows exactly up to 9e15.
 */
export type AttentionLayout = {
  readonly k: ReturnType<typeof f32>;
  readonly v: ReturnType<typeof f32>;
  readonly rows: ReturnType<typeof f64>;
  readonly position: ReturnType<typeof f64>;
};

/**
 * A layer with the tensors under `prefix`, for instance `model.layers.0.self_attn.`; dIn = dOut = dModel.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function attentionCell(weights: Weights, prefix: string, config: AttentionConfig): Cell<AttentionLayout> {
  const params = readAttention(weights, prefix, config);
  const { dModel, heads, kvHeads, headDim, window } = config;
  const wide = heads * headDim;
  const narrow = kvHeads * headDim;
  const layout: AttentionLayout = {
    k: f32(window, narrow),
    v: f32(window, narrow),
    rows: f64(window),
    position: f64(1),
  };
  const frequencies = ropeFrequencies(config.theta, headDim);

  // Scratch, rewritten by every step.
  const rotation = new Float64Array(headDim);
  const q = new Float32Array(wide);
  const k = new Float32Array(narrow);
  const v = new Float32Array(narrow);
  const attended = new Float32Array(wide);
  const scores = new Float64Array(window);

  const step = (state: State<AttentionLayout>, input: Float32Array, output: Float32Array): void => {
    const { at } = state;
    const position = at.position[0]!;
    const slot = position % window;
    matvec(params.q, input, q, wide, dModel);
    matvec(params.k, input, k, narrow, dModel);
    matvec(params.v, input, v, narrow, dModel);
    ropeRotation(position, frequencies, rotation);
    rotateHalf(q, rotation);
    rotateHalf(k, rotation);
    at.k.set(k, slot * narrow);
    at.v.set(v, slot * narrow);
    at.rows[slot] = position;
    at.position[0] = position + 1;
    attendRing(q, at.k, at.v, at.rows, position, scores, attended, config);
    matvec(params.o, attended, output, dModel, wide);
  };

  return {
    kind: 'attention',
    dIn: dModel,
    dOut: dModel,
    layout,
    contextRows: window,
    init({ at }) {
      at.k.fill(0);
      at.v.fill(0);
      at.rows.fill(-1);
      at.position.fill(0);
    },
    step,
    scan: scanBySteps({ dIn: dModel, dOut: dModel, step }),
    // No keys come from rows without input. What the ring holds ages: `rows` says which slots still lie in the window.
    skip({ at }, rows) {
      at.position[0] = at.position[0]! + rows;
    },
  };
}
