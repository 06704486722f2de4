// The low-pass filters of resample: a Kaiser-windowed sinc, sampled once for each phase between two input rows. Two of them:
// `long` folds nothing back and looks 58 periods of the lower rate ahead (3.6 ms at 16 kHz); `short` looks 16 ahead (1 ms) and
// lets sound around half the lower rate through in part, which folds back to 0.425 of it at most. Tables are shared by all streams.

import { engineError } from '../../base/errors.ts';
import { besselI0, sinc } from '../../base/math.ts';

/** Output row j lies at input row j * down / up. */
export interface Filter {
  readonly up: number;
  readonly down: number;
  /** Input rows that one output row sees: half before its time (the row at it included), half after. Multiple of 4. */
  readonly taps: number;
  /** [up, taps] f32; phase p is for an output row p / up past an input row. Each phase sums to 1: a constant stays exact. */
  readonly coefficients: Float32Array;
}

export type Reach = 'long' | 'short';

/**
 * Of the lower rate, with A dB between `from` and `to` of the transition: periods = (A - 8) / (14.36 (to - from)) / 2 and beta =
 * 0.1102 (A - 8.7), both Kaiser's; the cutoff is the transition's middle.
 * long: flat to 0.45, 90 dB down from 0.5 on. short: flat to 0.425, 6 dB down at 0.5, 77 dB down from 0.575 on.
 */
const DESIGNS: Readonly<Record<Reach, { readonly periods: number; readonly beta: number; readonly cutoff: number }>> = {
  long: { periods: 58, beta: 8.96, cutoff: 0.475 },
  short: { periods: 16, beta: 7.53, cutoff: 0.5 },
};
const PHASES_MAX = 10_000;
const RATIO_MAX = 64;
const CACHED_COEFFICIENTS_MAX = 4_000_000; // 16 MB; the usual rates together need 1 MB

const cache = new Map<string, Filter>();

/** @throws ERR_FORMAT_UNSUPPORTED for rates whose reduced ratio has a part above 10,000, or that lie more than 64-fold apart */
export function filterFor(fromHz: number, toHz: number, reach: Reach = 'long'): Filter {
  const common = commonDivisor(fromHz, toHz);
  const up = toHz / common;
  const down = fromHz / common;
  const ratio = Math.max(up / down, down / up);
  if (!(Math.max(up, down) <= PHASES_MAX && ratio <= RATIO_MAX && Math.min(fromHz, toHz) > 0)) {
    throw engineError('ERR_FORMAT_UNSUPPORTED', `cannot convert ${fromHz} Hz to ${toHz} Hz`, {
      expected: 'a usual rate: 8000, 11025, 16000, 22050, 24000, 32000, 44100 or 48000 Hz',
    });
  }
  const key = `${up}/${down} ${reach}`;
  const filter = cache.get(key) ?? design(up, down, DESIGNS[reach]);
  cache.delete(key);
  cache.set(key, filter); // last used goes last
  let total = [...cache.values()].reduce((sum, { coefficients }) => sum + coefficients.length, 0);
  for (const [oldest, { coefficients }] of cache) {
    if (total <= CACHED_COEFFICIENTS_MAX || oldest === key) break;
    cache.delete(oldest);
    total -= coefficients.length;
  }
  return filter;
}

function commonDivisor(a: number, b: number): number {
  while (b > 0) [a, b] = [b, a % b];
  return a;
}

/**
 * Output rows that are still to come when all input up to their end is there, where a whole number of rows ends there on
 * both sides: what the filter looks ahead to.
 */
export const lookAheadRows = ({ up, down, taps }: Filter): number => Math.floor(((taps / 2) * up) / down);

function design(up: number, down: number, { periods, beta, cutoff }: (typeof DESIGNS)[Reach]): Filter {
  const stretch = Math.max(1, down / up); // input rows per period of the lower rate
  const reach = periods * stretch;
  const half = 2 * Math.ceil(reach / 2);
  const taps = 2 * half;
  const coefficients = new Float32Array(up * taps);
  const phase = new Float64Array(taps);
  for (let p = 0; p < up; p++) {
    let sum = 0;
    for (let k = 0; k < taps; k++) {
      const u = k - half + 1 - p / up; // input rows from the output row
      sum += phase[k] = sinc((2 * cutoff * u) / stretch) * kaiser(u / reach, beta);
    }
    for (let k = 0; k < taps; k++) coefficients[p * taps + k] = phase[k]! / sum;
  }
  return { up, down, taps, coefficients };
}

/** The factor 1 / I0(beta) falls out when phases are summed to 1. */
const kaiser = (x: number, beta: number): number => (x * x >= 1 ? 0 : besselI0(beta * Math.sqrt(1 - x * x)));
