// What a fresh layer's weights are drawn from where upstream's start is stated as distributions (S4, S4D, S5): one seeded
// stream of numbers, taken in the order of the calls. Not for sample weights of the laws: seeded-random.ts is enough there.

import { cos, log } from '../base/math.ts';
import type { Tensor } from '../weights/tensor.ts';
import { seededRandom } from './seeded-random.ts';

export interface FreshWeights {
  /** Uniform in [-1, 1). */
  signed(): number;
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Standard normal, by Box and Muller: two numbers of the stream for one. */
  normal(): number;
  /** A tensor of this shape, its values in file order. */
  make(shape: readonly number[], value: (index: number) => number): Tensor;
}

export function freshWeights(seed: number): FreshWeights {
  const signed = seededRandom(seed);
  const uniform = (): number => (signed() + 1) / 2;
  return {
    signed,
    uniform,
    normal: () => Math.sqrt(-2 * log(1 - uniform())) * cos(2 * Math.PI * uniform()),
    make(shape, value) {
      const length = shape.reduce((product, size) => product * size, 1);
      return { shape, data: Float32Array.from({ length }, (_, i) => value(i)) };
    },
  };
}
