// What the weights of rls-solve.ts, packed by rls-pack.ts, say about one feature row.

import type { PackedWeights } from './rls-pack.ts';

/**
 * out = weights^T phi.
 * @param weights [features, targets]   @param phi [features] f64   @param out [targets] f64 - written
 * Cost: features * targets multiply-adds. Allocates nothing.
 */
export function rlsPredict({ values, scales }: PackedWeights, phi: Float64Array, out: Float64Array): void {
  const targets = out.length;
  out.fill(0);
  let w = 0;
  for (let i = 0; i < phi.length; i++) {
    const value = phi[i]!;
    for (let j = 0; j < targets; j++, w++) out[j]! += values[w]! * value;
  }
  for (let j = 0; j < targets; j++) out[j]! *= scales[j]!;
}
