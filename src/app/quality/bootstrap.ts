// How far a mean may lie from the one that other recordings of the same kind would have given: percentile bootstrap (Efron
// 1979), 1,000 resamples, seeded so that a run says the same twice.

import { seededRandom } from '../../cell/seeded-random.ts';

const RESAMPLES = 1000;
const TAIL = 0.025;

export interface MeanInterval {
  readonly mean: number;
  /** 95 %. Both are the mean where there is one value. */
  readonly interval: readonly [low: number, high: number];
}

/** NaN for no values. */
export function meanInterval(values: readonly number[], seed = 1): MeanInterval {
  const random = seededRandom(seed);
  const means = Float64Array.from({ length: RESAMPLES }, () => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[Math.floor(((random() + 1) / 2) * values.length)]!;
    return sum / values.length;
  }).sort();
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const at = (share: number): number => means[Math.round(share * (RESAMPLES - 1))]!;
  return { mean, interval: [Math.min(mean, at(TAIL)), Math.max(mean, at(1 - TAIL))] };
}
