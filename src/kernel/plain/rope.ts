// Rotary position embedding (Su et al. 2021, 2104.09864) in the rotate_half layout of Llama and Mistral checkpoints:
// element i of a head is paired with element i + d/2. GPT-J's interleaved pairs need permuted weights, not this file.
// Angles come from the absolute position in f64: at position 1e9 they are still good to 1e-7 rad.

import { cos, exp, log, sin } from '../../base/math.ts';

/** theta^(-2i/headDim) for i < headDim / 2, in radians per row. */
export function ropeFrequencies(theta: number, headDim: number): Float64Array {
  return Float64Array.from({ length: headDim / 2 }, (_, i) => exp(((-2 * i) / headDim) * log(theta)));
}

/** Writes the rotation of `position` for every frequency: out = [cos_0, sin_0, cos_1, sin_1, ...], [2 * pairs] f64. */
export function ropeRotation(position: number, frequencies: Float64Array, out: Float64Array): void {
  for (let i = 0; i < frequencies.length; i++) {
    const angle = position * frequencies[i]!;
    out[2 * i] = cos(angle);
    out[2 * i + 1] = sin(angle);
  }
}

/**
 * Rotates every head of a row: (a, b) -> (a cos - b sin, b cos + a sin).
 * @param x        [heads, 2 * pairs] f32 - mutated
 * @param rotation [2 * pairs] f64, from ropeRotation
 * Cost: 6 flops a pair. Allocates nothing. f64 arithmetic, f32 store.
 */
export function rotateHalf(x: Float32Array, rotation: Float64Array): void {
  const headDim = rotation.length;
  const pairs = headDim / 2;
  for (let head = 0; head < x.length; head += headDim) {
    for (let i = 0; i < pairs; i++) {
      const cosine = rotation[2 * i]!;
      const sine = rotation[2 * i + 1]!;
      const a = x[head + i]!;
      const b = x[head + pairs + i]!;
      x[head + i] = a * cosine - b * sine;
      x[head + pairs + i] = b * cosine + a * sine;
    }
  }
}
