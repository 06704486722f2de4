// Convolution with a long filter, one row at a time, exactly (relaxed multiplication: van der Hoeven 2002; for sequence models
// "Flash Inference", arXiv 2410.12982). After row n, the block of the last m = lowbit(n) inputs goes through taps < 2 m into the m
// outputs to come. Each pair of input and output meets in exactly one block, so a row costs O(log^2 window) on average; the
// row that closes a block of m costs O(m log m) at once. Inputs and sums to come are rings of `window` numbers, a power of two.

import { convolveCyclic } from './fft-convolve.ts';
import { DIRECT_MAX, type OnlineTaps } from './hyena-taps.ts';

/**
 * Adds what inputs [end - m, end) of a lane's ring give to the sums at [end, end + m) (mod window), from the `skip`th on.
 * Inputs at ring places below `blank` count as zero. @param inputs, pending f32 rings, [window] from `base` on
 * Cost: m * m multiply-adds, or two FFTs of 2 m. Allocates nothing.
 */
export function onlineBlock(
  { window, near, nearSize, spectra, workspaces }: OnlineTaps,
  lane: number,
  inputs: Float32Array,
  pending: Float32Array,
  base: number,
  end: number,
  m: number,
  skip = 0,
  blank = 0,
): void {
  const from = end - m;
  const to = base + (end % window);
  if (m <= DIRECT_MAX) {
    for (let i = skip; i < m; i++) {
      let sum = 0;
      for (let j = Math.max(from, blank); j < end; j++) sum += inputs[base + j]! * near[lane * nearSize + end - j + i]!;
      pending[to + i] = pending[to + i]! + sum;
    }
    return;
  }
  const space = workspaces(2 * m);
  const { signal } = space;
  for (let j = 0; j < m; j++) {
    signal[j] = from + j < blank ? 0 : inputs[base + from + j]!;
    signal[m + j] = 0;
  }
  convolveCyclic(space, spectra.get(m)![lane]!); // what wraps lands on [0, m), which is not read
  for (let i = skip; i < m; i++) pending[to + i] = pending[to + i]! + signal[m + i]!;
}

/** The largest power of two that divides n, at most `window`; n >= 1. */
export function blockSize(n: number, window: number): number {
  let m = 1;
  while (m < window && n % (2 * m) === 0) m *= 2;
  return m;
}

/** Sums to come of a lane, from its inputs alone: what steps would have left there with `cursor` as the next place. */
export function onlineRebuild(
  taps: OnlineTaps,
  lane: number,
  inputs: Float32Array,
  pending: Float32Array,
  base: number,
  cursor: number,
): void {
  const { window } = taps;
  pending.fill(0, base, base + window);
  // The ring before this one went in when it was full; its first `cursor` inputs are gone, and out of reach of what is to come.
  onlineBlock(taps, lane, inputs, pending, base, window, window, cursor, cursor);
  let end = 0;
  for (let m = window / 2; m >= 1; m /= 2) {
    if (Math.floor(cursor / m) % 2 === 0) continue;
    end += m;
    onlineBlock(taps, lane, inputs, pending, base, end, m, cursor - end);
  }
}
