// The long filters of Hyena, made ready for hyena-online.ts: the first taps as they are, for blocks summed directly, and spectra
// for the others. Built once per cell.

import { type FftWorkspaces, tapSpectrum } from './fft-convolve.ts';

/** Blocks up to this size are summed directly: an FFT of 64 numbers costs more than 32 * 32 products. */
export const DIRECT_MAX = 32;

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
