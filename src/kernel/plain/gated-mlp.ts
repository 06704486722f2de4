// The feed-forward half of a block: two projections up, one gates the other, one projection down. SwiGLU in Llama
// (Shazeer 2020, 2002.05202), GeGLU with the tanh form of GELU in Gemma and Griffin. Biases are optional: Llama has none,
// RecurrentGemma has all three. Norm and residual are the stack's.

import { silu } from '../../base/math.ts';
import { geluTanh } from './gelu-tanh.ts';
import { matvec } from './matvec.ts';

export interface GatedMlpWeights {
  /** gate_proj and up_proj [dHidden, dModel], down_proj [dModel, dHidden]; f32, row-major. */
  readonly gate: Float32Array;
  readonly up: Float32Array;
  readonly down: Float32Array;
  /** [dHidden], [dHidden] and [dModel]. */
  readonly gateBias?: Float32Array;
  readonly upBias?: Float32Array;
  readonly downBias?: Float32Array;
  /** Of the gate; silu when absent. */
  readonly activation?: 'silu' | 'gelu_tanh';
}

/**
 * y = down (act(gate x) * up x).
 * @param x [dModel] f32   @param gated, raised [dHidden] f32 - scratch   @param y [dModel] f32 - written
 * Cost: 3 * dModel * dHidden multiply-adds + dHidden exp. Allocates nothing. f64 sums, f32 between the stages.
 */
export function gatedMlp(
  weights: GatedMlpWeights,
  x: Float32Array,
  gated: Float32Array,
  raised: Float32Array,
  y: Float32Array,
): void {
  const dModel = x.length;
  const dHidden = gated.length;
  matvec(weights.gate, x, gated, dHidden, dModel, weights.gateBias);
  matvec(weights.up, x, raised, dHidden, dModel, weights.upBias);
  if (weights.activation === 'gelu_tanh') {
    for (let i = 0; i < dHidden; i++) gated[i] = geluTanh(gated[i]!) * raised[i]!;
  } else {
    for (let i = 0; i < dHidden; i++) gated[i] = silu(gated[i]!) * raised[i]!;
  }
  matvec(weights.down, gated, y, dModel, dHidden, weights.downBias);
}
