// State of the forecaster apart from its memories: one slot per quantity over all columns, and views of it per column,
// made once per stream. Everything a column knows lies here or in a memory; nothing lies in closures.

import { f32, f64, type Layout, type State, type Views } from '../../cell/state.ts';
import type { ForecastOptions, ForecastSizes } from './sizes.ts';

export const EXPERTS = 3;

export const channelLayout = ({ width, horizon, seasonRows }: ForecastOptions, { ringRows }: ForecastSizes) => ({
  /** guard.ts: mean squared deviation from the level; sum of recent surprises. */
  variance: f64(width, 1),
  surprise: f64(width, 1),
  /** Rows since the first value, this one included; 0: nothing seen. */
  rows: f64(width, 1),
  /** Row r at r mod ringRows: the value held, and the value or NaN. */
  values: f32(width, ringRows),
  targets: f32(width, ringRows),
  /** Mean by phase of season. */
  profile: f64(width, seasonRows),
  /** Row whose forecast lies in a slot (row mod horizon); NaN: none. */
  issued: f64(width, horizon),
  /** Forecasts [slot, step] of two of the experts (the third repeats the last value) and of the mix. */
  learned: f32(width, horizon, horizon),
  seasonal: f32(width, horizon, horizon),
  mean: f32(width, horizon, horizon),
  /** Half widths of the intervals sent, [slot, step]; NaN: none. */
  half: f32(width, horizon, horizon),
  /** experts.ts: discounted squared errors [expert, step]. */
  losses: f64(width, EXPERTS, horizon),
  /** conformal.ts, [step]: mean absolute error, its multiple at the edge of the interval, errors seen. */
  spread: f64(width, horizon),
  multiple: f64(width, horizon),
  errors: f64(width, horizon),
  /** The multiple at the edge of what is expected of the next row. */
  edge: f64(width, 1),
});
export type ChannelLayout = ReturnType<typeof channelLayout>;
export type ChannelViews = Views<ChannelLayout>;

export function initChannels({ at, bytes }: State<ChannelLayout>): void {
  bytes.fill(0);
  at.issued.fill(NaN);
  at.targets.fill(NaN);
}

/** Slots [width, ...] of a state as one set of views per column. */
export function perChannel<L extends Layout>(state: State<L>, width: number): Views<L>[] {
  return Array.from({ length: width }, (_, channel) => {
    const views = Object.entries(state.at).map(([name, view]) => {
      const size = view.length / width;
      return [name, view.subarray(channel * size, (channel + 1) * size)] as const;
    });
    return Object.fromEntries(views) as unknown as Views<L>;
  });
}
