// Absolute positions on the residual path: sines and cosines added to a row before the first block (Vaswani et al. 2017,
// 1706.03762, section 3.5). For models trained that way; rotary positions act on queries and keys instead (rope.ts).
// Pairs lie side by side (2i, 2i + 1), as in the paper. Angles come from the absolute position in f64.

import { cos, sin } from '../../base/math.ts';

/**
 * x_2i += sin(position f_i), x_2i+1 += cos(position f_i).
 * @param x [n] f32, n even - mutated   @param frequencies [n / 2] f64: 10000^(-2i/n), which is ropeFrequencies(10000, n)
 * Cost: n / 2 sin and cos. Allocates nothing. f64 arithmetic, f32 store.
 */
export function addSinusoidalPositions(x: Float32Array, position: number, frequencies: Float64Array): void {
  for (let i = 0; i < frequencies.length; i++) {
    const angle = position * frequencies[i]!;
    x[2 * i] = x[2 * i]! + sin(angle);
    x[2 * i + 1] = x[2 * i + 1]! + cos(angle);
  }
}
