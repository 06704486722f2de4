// What happens to one column in one row, in this order: compare what was forecast with what came, learn from it, read the
// past, forecast. Pure arithmetic on the column's views; time, gaps and items are sensor.ts' and forecast.ts' business.

import { type ChannelViews, QUANTILES } from './channel-state.ts';
import { anomalyScore, startConformal } from './conformal.ts';
import { simpleExperts } from './experts.ts';
import { finite, learnDeviation, usualDeviation } from './guard.ts';
import { type ColumnResult, mix } from './mix.ts';
import { LAST, LEARNED, SEASON, TRAINED } from './names.ts';
import { queue } from './queue.ts';
import type { Moment, Reader } from './reader.ts';
import { type ForecastOptions, type ForecastSizes, PROFILE_SEASONS, WEEK_SEASONS } from './sizes.ts';
import type { Trained } from './trained.ts';

function remember(views: ChannelViews, row: number, value: number, level: number, seasonRows: number): void {
  const { values, targets, profile, week, rows } = views;
  if (rows[0] === 0) {
    values.fill(value);
    startConformal(views);
  }
  rows[0]! += 1;
  learnDeviation(views, value - level, seasonRows);
  const phase = row % seasonRows;
  const seasons = Math.floor((rows[0]! - 1) / seasonRows) + 1;
  profile[phase]! += Math.max(1 / PROFILE_SEASONS, 1 / seasons) * (value - profile[phase]!);
  week[phase]! += Math.max(1 / WEEK_SEASONS, 1 / seasons) * (value - week[phase]!);
  values[row % values.length] = value;
  targets[row % targets.length] = value;
}

/** A row without a value: the last one is held, and nothing is learned from it. */
export function holdValue({ values, targets, rows }: ChannelViews, row: number): void {
  values[row % values.length] = values[(row - 1) % values.length]!;
  targets[row % targets.length] = NaN;
  rows[0]! += 1;
}

/** Who learns and who was trained, of one stream. */
export interface Minds {
  readonly reader: Reader;
  readonly trained: Trained | undefined;
}

/** All streams share one, with its scratch. `step(minds, channel, views, row, raw, value, level)`: this row's value as it came, and as the guard admitted it (NaN: missing). */
export function column(options: ForecastOptions, sizes: ForecastSizes, learnedExperts: number) {
  const { horizon, seasonRows } = options;
  const steps = (): Float64Array => new Float64Array(horizon);
  const experts = Array.from({ length: sizes.experts }, () => new Float64Array(sizes.knots.length));
  const coefficients = new Float64Array(sizes.coefficients);
  const learned = experts.slice(0, learnedExperts);
  const absent = experts.slice(learnedExperts, LEARNED);
  const simple = experts.slice(LEARNED, TRAINED);
  const quantiles = new Float64Array(options.quantiles ? QUANTILES.length * horizon : 0);
  const result: ColumnResult = {
    ...{ mean: steps(), lower: steps(), upper: steps(), quantiles, anomaly: NaN },
    expert: new Uint8Array(horizon),
  };
  const fillSimple = simpleExperts(sizes, seasonRows);
  const mixExperts = mix(options, sizes, learnedExperts);
  const { enqueue, compare } = queue(options, sizes);

  function forecast(
    { reader, trained }: Minds,
    channel: number,
    views: ChannelViews,
    moment: Moment,
    present: boolean,
  ): void {
    trained?.read(channel, views, moment, present, coefficients);
    reader.read(channel, views, moment, coefficients, learned);
    for (const expert of absent) expert.fill(moment.level);
    fillSimple(views, moment, simple);
    trained?.tell(channel, moment, experts[SEASON]!, experts[TRAINED]!);
    for (const expert of experts) for (let k = 0; k < expert.length; k++) expert[k] = finite(expert[k]!);
    const { mixed, half } = mixExperts(views, moment, experts, result);
    views.issued[moment.row % horizon] = moment.row;
    enqueue(views, moment.row, experts, mixed, half);
  }

  return (
    minds: Minds,
    channel: number,
    views: ChannelViews,
    row: number,
    raw: number,
    value: number,
    level: number,
  ): ColumnResult => {
    result.anomaly = NaN;
    const present = value === value;
    if (views.rows[0] === 0 && !present) {
      for (const out of [result.mean, result.lower, result.upper, quantiles]) out.fill(NaN);
      result.expert.fill(LAST);
      return result;
    }
    if (present) {
      const deviation = usualDeviation(views, level);
      if (row > 0 && views.issued[(row - 1) % horizon] === row - 1) {
        result.anomaly = anomalyScore(views, views.mean[0]! - raw, deviation, level);
      }
      compare(views, row, value, deviation);
      remember(views, row, value, level, seasonRows);
    } else holdValue(views, row);
    forecast(minds, channel, views, { row, level, deviation: usualDeviation(views, level) }, present);
    return result;
  };
}
