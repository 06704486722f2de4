// Discrete Fourier transform of complex values, any size 2^a 3^b 5^c, in float64: mixed-radix Stockham, no recursion, no bit
// reversal. A plan holds the roots of unity and scratch of one size; it serves any number of callers on one thread.
// The butterflies: fft-radix-even.ts, fft-radix-odd.ts. For real input use real-fft.ts, which is twice as fast.

import { assert } from '../../base/assert.ts';
import { cos, sin } from '../../base/math.ts';
import { radix2, radix4 } from './fft-radix-even.ts';
import { radix3, radix5 } from './fft-radix-odd.ts';

export interface FftPlan {
  readonly size: number;
  /** Radix of each pass, their product is `size`. */
  readonly radices: readonly number[];
  /** [size, 2] e^(-2 pi i t / size). */
  readonly roots: Float64Array;
  /** [size, 2] working space, overwritten by every transform. */
  readonly scratch: Float64Array;
}

const PASSES = { 2: radix2, 3: radix3, 4: radix4, 5: radix5 } as const;

/** @throws ERR_INVARIANT when `size` has a prime factor above 5 */
export function fftPlan(size: number): FftPlan {
  assert(Number.isInteger(size) && size >= 1, 'fft size must be a positive integer');
  const radices: number[] = [];
  let rest = size;
  for (const radix of [4, 2, 3, 5]) {
    for (; rest % radix === 0; rest /= radix) radices.push(radix);
  }
  assert(rest === 1, 'fft size must be a product of 2, 3 and 5');
  return { size, radices, roots: rootsOfUnity(size), scratch: new Float64Array(2 * size) };
}

/** [size, 2] e^(-2 pi i t / size), exact at quarter turns. */
export function rootsOfUnity(size: number): Float64Array {
  const roots = new Float64Array(2 * size);
  for (let t = 0; t < size; t++) {
    const angle = (2 * Math.PI * t) / size;
    roots[2 * t] = (4 * t) % size === 0 ? [1, 0, -1, 0][(4 * t) / size]! : cos(angle);
    roots[2 * t + 1] = (4 * t) % size === 0 ? [0, -1, 0, 1][(4 * t) / size]! : -sin(angle);
  }
  return roots;
}

/**
 * In place: X_k = sum_n x_n e^(-2 pi i n k / size).
 * @param x [size, 2] (re, im) interleaved - mutated
 */
export function fft(plan: FftPlan, x: Float64Array): void {
  let from = x;
  let to = plan.scratch;
  let rest = plan.size;
  for (const radix of plan.radices) {
    PASSES[radix as keyof typeof PASSES](from, to, plan.roots, rest / radix, plan.size / rest);
    rest /= radix;
    [from, to] = [to, from];
  }
  if (from !== x) x.set(from);
}

/** In place, with the factor 1 / size: inverseFft(fft(x)) = x. The forward transform with (re, im) swapped on both sides. */
export function inverseFft(plan: FftPlan, x: Float64Array): void {
  swapParts(plan.size, x, 1);
  fft(plan, x);
  swapParts(plan.size, x, 1 / plan.size);
}

function swapParts(size: number, x: Float64Array, scale: number): void {
  for (let k = 0; k < size; k++) {
    const re = x[2 * k]!;
    x[2 * k] = x[2 * k + 1]! * scale;
    x[2 * k + 1] = re * scale;
  }
}
