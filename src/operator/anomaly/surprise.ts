// How unusual a statistic is, beside its own past: its distance from the long-run mean in deviations, times how far that distance
// lies in the tail of all distances so far (an exponential beyond a tracked quantile, as peaks over threshold: Siffer et al. 2017,
// KDD, "Anomaly detection in streams with extreme value theory"; here with the mean excess, one number instead of a fit).
// The distance alone cries wolf where values are often wild, the tail alone where they never are; their geometric mean does neither.

import { log1p } from '../../base/math.ts';
import type { ColumnViews } from './column-state.ts';
import { LONG_ROWS, WARM_ROWS } from './options.ts';
import { STATISTICS } from './statistics.ts';

const SHARE = 0.015; // of distances lie beyond the quantile
const CLIP = 8;
const FLOOR = 0.02; // of the mean: below it a deviation is no news, however still the column stands
const MOST = 20;

/** Compares, then learns. `statistics` [STATISTICS.length] in, surprises out: 1 is reached by a row in a thousand, 20 is the most. */
export function surprises(at: ColumnViews, statistics: Float64Array): void {
  for (let k = 0; k < statistics.length; k++) {
    const value = statistics[k]!;
    const distance = value === value ? distanceOf(at, k, value) : 0;
    const tail = distance > 0 ? tailOf(at, k, log1p(distance)) : 0;
    statistics[k] = Math.min(Math.sqrt(distance * tail) / STATISTICS[k]!.usual, MOST);
  }
}

function distanceOf({ usual, spread, judged }: ColumnViews, k: number, value: number): number {
  judged[k]! += 1;
  const count = judged[k]!;
  if (count === 1) {
    usual[k] = value;
    return 0;
  }
  const scale = Math.sqrt(spread[k]! * (1 + PRIOR / count)) + FLOOR * Math.abs(usual[k]!) + 1e-12;
  const warm = count > WARM_ROWS;
  const difference = value - usual[k]!;
  const learned = warm ? Math.min(Math.max(difference, -CLIP * scale), CLIP * scale) : difference;
  const rate = Math.max(1 / LONG_ROWS, 1 / count);
  usual[k]! += rate * learned;
  spread[k] = (1 - rate) * (spread[k]! + rate * learned * learned);
  return warm ? Math.abs(difference) / scale : 0;
}
const PRIOR = 400; // rows whose worth of doubt widens the deviation while little is known

/** Mean excesses beyond the tracked quantile; 0 inside. `u` is the logarithm of a distance, whose tail is the thinner. */
function tailOf({ quantile, excess, deviations }: ColumnViews, k: number, u: number): number {
  deviations[k]! += 1;
  const count = deviations[k]!;
  if (count < 30) {
    quantile[k] = count === 1 ? u : Math.max(quantile[k]!, u);
    return 0;
  }
  const over = u - quantile[k]!;
  const tail = over > 0 && count > 60 ? over / excess[k]! : 0;
  const step = 0.5 * excess[k]! * Math.max(0.02, 3 / Math.sqrt(count));
  quantile[k]! += step * ((over > 0 ? 1 : 0) - SHARE);
  if (over <= 0) return tail;
  const rate = Math.max(0.01, 1 / (1 + count * SHARE));
  excess[k] = Math.max(excess[k]! + rate * (Math.min(over, 6 * excess[k]!) - excess[k]!), 0.02);
  return tail;
}
