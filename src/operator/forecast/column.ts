// What happens to one column in one row, in this order: compare what was forecast with what came, learn from it, read the
// past, forecast. Pure arithmetic on the column's views; time, gaps and items are sensor.ts' and forecast.ts' business.

import type { ChannelViews } from './channel-state.ts';
import { anomalyScore, learnError, radius, startConformal } from './conformal.ts';
import { chargeExperts, mixExperts, seasonalForecast } from './experts.ts';
import { finite, learnDeviation, usualDeviation } from './guard.ts';
import type { Moment, Reader } from './reader.ts';
import { type ForecastOptions, PROFILE_SEASONS } from './sizes.ts';

export interface ColumnResult {
  /** [horizon] f64 each, NaN before the column's first value. */
  readonly mean: Float64Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** NaN: nothing was forecast for this row, or it has no value. */
  anomaly: number;
}

const errors = new Float64Array(3); // scratch

/** Every forecast that spoke of this row meets its value. */
function compare(views: ChannelViews, row: number, value: number, deviation: number, options: ForecastOptions): void {
  const { horizon, coverage, seasonRows } = options;
  const { issued, values, learned, seasonal, mean, half } = views;
  for (let j = 0; j < Math.min(horizon, row); j++) {
    const origin = row - 1 - j;
    const slot = origin % horizon;
    if (issued[slot] !== origin) continue;
    const at = slot * horizon + j;
    errors[0] = learned[at]! - value;
    errors[1] = seasonal[at]! - value;
    errors[2] = values[origin % values.length]! - value;
    chargeExperts(views, j, horizon, errors, deviation);
    learnError(views, j, mean[at]! - value, half[at]!, deviation, coverage, seasonRows);
  }
}

function remember(views: ChannelViews, row: number, value: number, level: number, seasonRows: number): void {
  const { values, targets, profile, rows } = views;
  if (rows[0] === 0) {
    values.fill(value);
    startConformal(views);
  }
  rows[0]! += 1;
  learnDeviation(views, value - level, seasonRows);
  const phase = row % seasonRows;
  const seasons = Math.floor((rows[0]! - 1) / seasonRows) + 1;
  profile[phase]! += Math.max(1 / PROFILE_SEASONS, 1 / seasons) * (value - profile[phase]!);
  values[row % values.length] = value;
  targets[row % targets.length] = value;
}

/** A row without a value: the last one is held, and nothing is learned from it. */
export function holdValue({ values, targets, rows }: ChannelViews, row: number): void {
  values[row % values.length] = values[(row - 1) % values.length]!;
  targets[row % targets.length] = NaN;
  rows[0]! += 1;
}

/** `step(channel, views, row, raw, value, level)`: this row's value as it came, and as the guard admitted it (NaN: missing). */
export function column(options: ForecastOptions, reader: Reader) {
  const { horizon, seasonRows } = options;
  const scratch = (): Float64Array => new Float64Array(horizon);
  const [learned, seasonal] = [scratch(), scratch()];
  const result: ColumnResult = { mean: scratch(), lower: scratch(), upper: scratch(), anomaly: NaN };

  function forecast(channel: number, views: ChannelViews, moment: Moment): void {
    const { row, level, deviation } = moment;
    reader.read(channel, views, moment, learned);
    seasonalForecast(views, row, level, seasonal);
    mixExperts(views, learned, seasonal, views.values[row % views.values.length]!, result.mean);
    const slot = row % horizon;
    views.issued[slot] = row;
    for (let j = 0; j < horizon; j++) {
      const at = slot * horizon + j;
      const mean = finite(result.mean[j]!);
      const half = views.rows[0]! > 1 ? radius(views, j, deviation) : NaN; // one value says nothing about spread
      views.learned[at] = finite(learned[j]!);
      views.seasonal[at] = finite(seasonal[j]!);
      views.mean[at] = mean;
      views.half[at] = half;
      result.mean[j] = mean;
      result.lower[j] = finite(mean - half);
      result.upper[j] = finite(mean + half);
    }
  }

  return (channel: number, views: ChannelViews, row: number, raw: number, value: number, level: number) => {
    result.anomaly = NaN;
    const present = value === value;
    if (views.rows[0] === 0 && !present) {
      for (const out of [result.mean, result.lower, result.upper]) out.fill(NaN);
      return result;
    }
    if (present) {
      const deviation = usualDeviation(views, level);
      const slot = (row + horizon - 1) % horizon;
      if (row > 0 && views.issued[slot] === row - 1) {
        result.anomaly = anomalyScore(views, views.mean[slot * horizon]! - raw, deviation, level);
      }
      compare(views, row, value, deviation, options);
      remember(views, row, value, level, seasonRows);
    } else holdValue(views, row);
    forecast(channel, views, { row, level, deviation: usualDeviation(views, level) });
    return result;
  };
}
