// The feed-forward half of an RWKV layer: two dense layers with a squared ReLU between them, behind a token shift; RWKV-4
// and 6 gate what comes out, RWKV-7 does not. The state (the row before) and norm and residual around it are the callers'.

import { sigmoid } from '../../base/math.ts';
import { matvec } from './matvec.ts';
import { tokenShift } from './rwkv-token-shift.ts';

export interface RwkvChannelMixWeights {
  /** [dModel]: how far the key's input lies from `from` to `to`. */
  readonly mixKey: Float32Array;
  /** [dHidden, dModel] and [dModel, dHidden]. */
  readonly key: Float32Array;
  readonly value: Float32Array;
  /** The gate, [dModel] and [dModel, dModel]: both or neither. */
  readonly mixReceptance?: Float32Array;
  readonly receptance?: Float32Array;
}

/** Rewritten by every row. */
export interface RwkvChannelMixScratch {
  /** [dModel]. */
  readonly mixed: Float32Array;
  /** [dHidden]. */
  readonly hidden: Float32Array;
  /** [dModel]; only where there is a gate. */
  readonly gate?: Float32Array;
}

/**
 * y = value relu(key xk)^2, times sigmoid(receptance xr) if gated;  xk, xr = from + mix (to - from).
 * @param from, to [dModel] f32: this row and the one before, in the order in which the mixes count (rwkv-token-shift.ts)
 * @param y [dModel] f32 - written, must not alias `from` or `to`
 * Cost: 2 * dModel * dHidden multiply-adds, with a gate dModel^2 more. Allocates nothing. f64 sums, f32 between the stages.
 */
export function rwkvChannelMix(
  weights: RwkvChannelMixWeights,
  from: Float32Array,
  to: Float32Array,
  { mixed, hidden, gate }: RwkvChannelMixScratch,
  y: Float32Array,
): void {
  const dModel = y.length;
  const dHidden = hidden.length;
  tokenShift(from, to, weights.mixKey, mixed);
  matvec(weights.key, mixed, hidden, dHidden, dModel);
  for (let i = 0; i < dHidden; i++) {
    const positive = Math.max(0, hidden[i]!);
    hidden[i] = positive * positive;
  }
  matvec(weights.value, hidden, y, dModel, dHidden);
  if (!gate) return;
  tokenShift(from, to, weights.mixReceptance!, mixed);
  matvec(weights.receptance!, mixed, gate, dModel, dModel);
  for (let i = 0; i < dModel; i++) y[i] = sigmoid(gate[i]!) * y[i]!;
}
