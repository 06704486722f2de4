// Convolution with a long filter, one row at a time, exactly (relaxed multiplication: van der Hoeven 2002; for sequence models
// "Flash Inference", arXiv 2410.12982). After row n, the block of the last m = lowbit(n) inputs goes through taps < 2 m into the m
// outputs to come. Each pair of input and output meets in exactly one block, so a row costs O(log^2 window) on average; the
// row that closes a block of m costs O(m log m) at once. Inputs and sums to come are rings of `window` numbers, a power of two.

import { convolveCyclic, type FftWorkspaces, tapSpectrum } from './fft-convolve.ts';

/** Blocks up to this size are summed directly: an FFT of 64 numbers costs more than 32 * 32 products. */
const DIRECT_MAX = 32;

export interface OnlineTaps {
  /** A power of two, at least the number of taps. */
  readonly window: number;
  /** [lanes, 2 * min(window, DIRECT_MAX)], zero past the window. */
  readonly near: Float64Array;
  readonly nearSize: number;
  /** By block size m > DIRECT_MAX, and for the window itself always: spectrum of the first 2 m taps of each lane. */
  readonly spectra: ReadonlyMap<number, readonly Float64Array[]>;
  readonly workspaces: FftWorkspaces;
}

/** @param taps [lanes, count] f64   @param window power of two >= count. Memory: some 32 * window bytes a lane. */
export function onlineTaps(taps: Float64Array, lanes: number, window: number, workspaces: FftWorkspaces): OnlineTaps {
  const count = taps.length / lanes;
  const nearSize = 2 * Math.min(window, DIRECT_MAX);
  const near = new Float64Array(lanes * nearSize).map((_, i) => {
    const l = i % nearSize;
    return l < count ? taps[Math.floor(i / nearSize) * count + l]! : 0;
  });
  const spectra = new Map<number, Float64Array[]>();
  for (let m = window; m > DIRECT_MAX || m === window; m /= 2) {
    const space = workspaces(2 * m);
    const ofLane = (lane: number) => tapSpectrum(space, taps.subarray(lane * count, (lane + 1) * count));
    spectra.set(
      m,
      Array.from({ length: lanes }, (_, lane) => ofLane(lane)),
    );
  }
  return { window, near, nearSize, spectra, workspaces };
}

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

/** Operations of one row of one lane on average, a multiply-add as two. */
export function onlineFlops(window: number): number {
  let sum = 0;
  for (let m = 1, bits = 1; m <= window; m *= 2, bits++) {
    const often = m === window ? 1 / m : 1 / (2 * m);
    // Two real FFTs of 2^bits at 2.5 n log2 n, and the product of the spectra.
    sum += often * (m <= DIRECT_MAX ? 2 * m * m : 2 * m * (5 * bits + 3));
  }
  return Math.round(sum);
}
