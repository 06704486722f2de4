// The Fourier transform of real values on the WebAssembly kernels: its plan, made once with the portable sin and cos and kept
// in the kernel memory. The kernel, and what the plan holds: ../simd/real-fft.ts. The readable twin: ../plain/real-fft.ts.

import { assert } from '../../base/assert.ts';
import { rootsOfUnity } from '../plain/fft.ts';
import type { Region } from './region.ts';
import type { Simd } from './simd.ts';

export interface NearRealFft {
  /** x [size] -> spectrum [size / 2 + 1, 2], at addresses; nothing may overlap. */
  forward(x: number, spectrum: number): void;
  /** spectrum -> x, with the factor 1 / size. */
  inverse(spectrum: number, x: number): void;
}

/** Whether the kernels take this size: a multiple of 8 with no prime factor above 5, at least 32. */
export function isNearFftSize(size: number): boolean {
  let rest = size % 8 === 0 && size >= 32 ? size : 7;
  for (const prime of [2, 3, 5]) while (rest % prime === 0) rest /= prime;
  return rest === 1;
}

/** @throws ERR_INVARIANT when `isNearFftSize` is false; ERR_MEMORY_FULL */
export function nearRealFft({ kernels }: Simd, region: Region, size: number): NearRealFft {
  assert(isNearFftSize(size), 'the SIMD real fft takes multiples of 8 from 32 on that are products of 2, 3 and 5');
  const plan = region.keep([...halvesOf(size), ...twiddlesOf(size / 2)]);
  const work = region.floats(3 * size);
  return {
    forward: (x, spectrum) => kernels.realFft(x, spectrum, work, plan, size),
    inverse: (spectrum, x) => kernels.inverseRealFft(spectrum, x, work, plan, size),
  };
}

/** [ceil(size / 16), 2, 4] e^(-2 pi i k / size) / 2 for k = 1, 2 ..: real parts of four, then imaginary parts. */
function halvesOf(size: number): number[] {
  const roots = rootsOfUnity(size);
  return Array.from({ length: Math.ceil(size / 16) }, (_, group) =>
    [0, 1].flatMap((part) => [1, 2, 3, 4].map((k) => roots[2 * (4 * group + k) + part]! / 2)),
  ).flat();
}

/** The twiddles of a complex transform of h values, pass by pass: w^(j p) with w = e^(-2 pi i / rest), j = 1 .. radix - 1. */
function twiddlesOf(h: number): number[] {
  const roots = rootsOfUnity(h);
  const part = (p: number, s: number, j: number, which: number): number => roots[2 * ((j * p * s) % h) + which]!;
  const last = h / 4 - 4;
  const out = Array.from({ length: Math.ceil(h / 16) }, (_, group) =>
    [1, 2, 3].flatMap((j) =>
      [0, 1].flatMap((which) => [0, 1, 2, 3].map((p) => part(Math.min(4 * group, last) + p, 1, j, which))),
    ),
  ).flat();
  for (let rest = h / 4, s = 4; rest > 1; ) {
    const radix = [4, 2, 3, 5].find((prime) => rest % prime === 0)!;
    for (let p = 0; p < rest / radix; p++) {
      for (let j = 1; j < radix; j++) out.push(part(p, s, j, 0), part(p, s, j, 1));
    }
    rest /= radix;
    s *= radix;
  }
  return out;
}
