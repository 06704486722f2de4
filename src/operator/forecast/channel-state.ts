// State of the forecaster apart from its memories: one slot per quantity over all columns, and views of it per column,
// made once per stream. Everything a column knows lies here or in a memory; nothing lies in closures.

import { clearState, f32, f64, type State, type Views } from '../../cell/state.ts';
import type { ForecastOptions, ForecastSizes } from './sizes.ts';

/** Shares of values that should lie below each quantile. */
export const QUANTILES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9] as const;

/** Forecasts that wait for their value: one queue of `step` entries per judged knot. */
const queueRows = ({ knots, judged }: ForecastSizes): number => judged.reduce((sum, k) => sum + knots[k]!, 0);

export const channelLayout = ({ width, horizon, seasonRows, quantiles }: ForecastOptions, sizes: ForecastSizes) => ({
  /** guard.ts: mean squared deviation from the level; sum of recent surprises. */
  variance: f64(width, 1),
  surprise: f64(width, 1),
  /** Rows since the first value, this one included; 0: nothing seen. */
  rows: f64(width, 1),
  /** Row r at r mod ringRows: the value held, and the value or NaN. */
  values: f32(width, sizes.ringRows),
  targets: f32(width, sizes.ringRows),
  /** Mean by phase of season, over 14 seasons and over 7. */
  profile: f64(width, seasonRows),
  week: f64(width, seasonRows),
  /** Row whose forecast lies in a slot (row mod horizon); NaN: none. */
  issued: f64(width, horizon),
  /** Queues, [entry, expert]: what each expert said. NaN: nothing. */
  said: f32(width, queueRows(sizes), sizes.experts),
  /** Queues: the mix that was sent and half the width of its interval; NaN: none. */
  mean: f32(width, queueRows(sizes)),
  half: f32(width, queueRows(sizes)),
  /** experts.ts: discounted squared errors [judged, expert]. */
  losses: f64(width, sizes.judged.length, sizes.experts),
  /** conformal.ts, [judged]: mean absolute error, its multiple at the edge of the interval, errors seen. */
  spread: f64(width, sizes.judged.length),
  multiple: f64(width, sizes.judged.length),
  errors: f64(width, sizes.judged.length),
  /** Quantiles of errors in mean absolute errors, [judged, quantile]. */
  quantile: f64(width, quantiles ? sizes.judged.length : 0, QUANTILES.length),
  /** The multiple at the edge of what is expected of the next row. */
  edge: f64(width, 1),
});
export type ChannelLayout = ReturnType<typeof channelLayout>;
export type ChannelViews = Views<ChannelLayout>;

export function initChannels(state: State<ChannelLayout>): void {
  clearState(state);
  state.at.issued.fill(NaN);
  state.at.targets.fill(NaN);
}
