// One spectrum to the row that a model sees beside it, relative to the running level of its stream: in float64, or on the
// WebAssembly kernels in float32. The stage around it: level-spectrum.ts. The twin of both: train/denoise_net.py, features().

import { f64, type Views } from '../../cell/state.ts';
import { levelFeatures, spectrumPower } from '../../kernel/plain/level-features.ts';
import type { Region } from '../../kernel/wasm/region.ts';
import { sharedRegion } from '../../kernel/wasm/shared-region.ts';
import type { Simd } from '../../kernel/wasm/simd.ts';

export interface LevelOptions {
  /** Bins of a spectrum, fftSize / 2 + 1. */
  readonly bins: number;
  /** Bins, from the lowest on, whose phase is in the row. */
  readonly phaseBins: number;
  /** Share of the old level that a hop leaves: .99 of 10 ms hops is a mean over the last second. */
  readonly levelKeep: number;
  /** Added to the level: what silence is measured against. */
  readonly levelFloor: number;
  /** Added to each relative power before its logarithm. */
  readonly powerFloor: number;
  /** Magnitudes are raised to this power where phase is shown. */
  readonly compression: number;
}

export const levelLayout = {
  level: f64(2), // m and c: m_t = keep m + (1 - keep) power, c_t = keep c + (1 - keep); the running mean is m / c
};
export type LevelState = Views<typeof levelLayout>['level'];

/** Mean power of a hop from which on it is no sound but a fault: samples of 1e13. It must not stay in the level. */
const POWER_MAX = 1e30;
/** Under this the mean is 0: nothing subnormal is left to reckon with after minutes of silence. */
const POWER_MIN = 1e-30;

export interface LevelRows {
  /**
   * spectrum [bins, 2] -> y [bins + 2 phaseBins], from y[at] on; moves `state` on by a hop. Allocates nothing.
   * False for a spectrum that is not finite or beyond all sound: then `state` is as it was and y holds nothing of use.
   */
  into(state: LevelState, spectrum: Float32Array, y: Float32Array, at?: number): boolean;
}

/** @throws ERR_MEMORY_FULL with `simd`, when the kernel memory has no room left */
export function levelRows(options: LevelOptions, simd?: Simd): LevelRows {
  if (!simd) return plainLevelRows(options);
  const { bins, phaseBins, powerFloor, compression, levelKeep, levelFloor } = options;
  const key = `level ${simd.numerics} ${[bins, phaseBins, powerFloor, compression, levelKeep, levelFloor].join(' ')}`;
  return sharedRegion(key, (region) => nearLevelRows(options, simd, region));
}

function plainLevelRows(options: LevelOptions): LevelRows {
  const { bins, phaseBins, powerFloor, compression } = options;
  const power = new Float64Array(bins);
  return {
    into(state, spectrum, y, at = 0) {
      const mean = spectrumPower(spectrum, power) / bins;
      if (!(mean < POWER_MAX)) return false;
      const row = y.subarray(at, at + bins + 2 * phaseBins);
      levelFeatures(spectrum, power, row, phaseBins, advance(state, mean, options), powerFloor, (compression - 1) / 2);
      return true;
    },
  };
}

function nearLevelRows(options: LevelOptions, { kernels }: Simd, region: Region): LevelRows {
  const { bins, phaseBins, powerFloor, compression } = options;
  const width = bins + 2 * phaseBins;
  const [x, power, to] = [region.floats(2 * bins), region.floats(bins), region.floats(width)];
  const [input, row] = [region.view(x, 2 * bins), region.view(to, width)];
  const exponent = (compression - 1) / 2;
  return {
    into(state, spectrum, y, at = 0) {
      input.set(spectrum);
      const mean = kernels.spectrumPower(x, power, bins) / bins;
      if (!(mean < POWER_MAX)) return false;
      const level = advance(state, mean, options);
      kernels.levelFeatures(x, power, to, bins, phaseBins, 1 / level, 1 / Math.sqrt(level), powerFloor, exponent);
      y.set(row, at);
      return true;
    },
  };
}

/** Takes one hop's mean power into the running level, and gives it with its floor. */
function advance(state: LevelState, mean: number, { levelKeep, levelFloor }: LevelOptions): number {
  const kept = levelKeep * state[0]! + (1 - levelKeep) * mean;
  state[0] = kept < POWER_MIN ? 0 : kept;
  state[1] = levelKeep * state[1]! + (1 - levelKeep);
  return state[0] / state[1]! + levelFloor;
}
