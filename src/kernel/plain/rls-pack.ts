// The weights of rls-solve.ts in half the bytes: 16-bit whole numbers, and for each target what one of them is worth. A weight
// is off by at most 1 in 65,534 of its target's largest, far less than what one more row of evidence moves it.

/** Weights [features, targets]: a weight is its value times its target's scale. */
export interface PackedWeights {
  /** [features, targets], -32,767 .. 32,767 */
  readonly values: Int16Array;
  /** [targets] f32 */
  readonly scales: Float32Array;
}

const MOST = 32_767;

/** @param weights [features, targets] f32, finite   @param to written   Cost: 2 features * targets. Allocates nothing. */
export function rlsPack(weights: Float32Array, { values, scales }: PackedWeights): void {
  const targets = scales.length;
  for (let j = 0; j < targets; j++) {
    let most = 0;
    for (let i = j; i < weights.length; i += targets) most = Math.max(most, Math.abs(weights[i]!));
    scales[j] = most / MOST;
    const scale = scales[j]!;
    for (let i = j; i < weights.length; i += targets) {
      // The scale is rounded, and 0 where all weights are: nothing may leave the 16 bits.
      const value = scale > 0 ? Math.round(weights[i]! / scale) : 0;
      values[i] = Math.min(Math.max(value, -MOST), MOST);
    }
  }
}
