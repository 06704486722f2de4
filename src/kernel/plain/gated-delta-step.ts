// One step of the gated delta rule (Yang, Kautz & Hatamizadeh 2024, 2412.06464, eq. 10): forget a little, look up what the key
// holds, replace a part of it. The erase is what plain linear attention lacks: a key written twice holds the second value.
// Keys and queries come normed. Many rows at once: gated-delta-chunk.ts.

import { exp } from '../../base/math.ts';

export interface GatedDeltaSizes {
  /** Heads of q and k; value head j reads head floor(j / (valueHeads / keyHeads)). */
  readonly keyHeads: number;
  readonly valueHeads: number;
  readonly headKDim: number;
  readonly headVDim: number;
}

/**
 * S = e^(dt g) S;  S += beta (v - S k) (outer) k;  y = headKDim^-1/2 S q, value head by value head.
 * @param S [valueHeads, headVDim, headKDim] f32 - mutated   @param q, k [keyHeads, headKDim] f64
 * @param v [valueHeads, headVDim] f32   @param g [valueHeads] f64, <= 0   @param beta [valueHeads] f64, in (0, 1) or (0, 2)
 * @param y [valueHeads, headVDim] f32 - written   @param dt rows since the row before, 1 when on time
 * Cost: valueHeads * (7 headKDim headVDim + 1 exp) flops. Allocates nothing. f64 arithmetic, f32 store.
 */
export function gatedDeltaStep(
  S: Float32Array,
  q: Float64Array,
  k: Float64Array,
  v: Float32Array,
  g: Float64Array,
  beta: Float64Array,
  y: Float32Array,
  dt: number,
  { keyHeads, valueHeads, headKDim, headVDim }: GatedDeltaSizes,
): void {
  const scale = 1 / Math.sqrt(headKDim);
  const shared = valueHeads / keyHeads;
  for (let head = 0; head < valueHeads; head++) {
    const decay = exp(dt * g[head]!);
    const key = Math.floor(head / shared) * headKDim;
    for (let j = head * headVDim; j < (head + 1) * headVDim; j++) {
      const row = j * headKDim;
      let held = 0;
      for (let i = 0; i < headKDim; i++) held += S[row + i]! * k[key + i]!;
      const change = beta[head]! * (v[j]! - decay * held);
      let sum = 0;
      for (let i = 0; i < headKDim; i++) {
        const next = decay * S[row + i]! + change * k[key + i]!;
        S[row + i] = next;
        sum += next * q[key + i]!;
      }
      y[j] = scale * sum;
    }
  }
}
