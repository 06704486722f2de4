// The feature row of the regression: what the memories, the last values and the season's profile say, as deviations from
// the level in units of the usual deviation. So the same ridge fits any sensor, and a forecast without evidence is the level.

import type { ChannelViews } from './channel-state.ts';
import type { Moment } from './reader.ts';
import type { ForecastSizes } from './sizes.ts';

const LIMIT = 30;
/** The drift: small, so that the ridge trusts it last. */
const CONSTANT = 0.1;

/**
 * phi = [long memory, short memory, last values, coming season, constant].
 * @param long, short coefficients of one column, [longOrder], [shortOrder] f64   @param phi [features] f64 - written
 */
export function fillFeatures(
  phi: Float64Array,
  channel: ChannelViews,
  long: Float64Array,
  short: Float64Array,
  { row, level, deviation }: Moment,
  { lags, leads }: ForecastSizes,
): void {
  let at = 0;
  const put = (value: number): void => {
    phi[at++] = Math.min(Math.max(value / deviation, -LIMIT), LIMIT);
  };
  for (const c of [long, short]) {
    put(c[0]! - level);
    for (let n = 1; n < c.length; n++) put(c[n]!);
  }
  const { values, profile, rows } = channel;
  const ring = values.length;
  for (let lag = 0; lag < lags; lag++) {
    // Rows before the first are as constant as the memories take them to be.
    const back = Math.min(lag, rows[0]! - 1);
    put(values[(row - back) % ring]! - level);
  }
  const season = profile.length;
  for (let lead = 1; lead <= leads; lead++) {
    const ahead = Math.round((lead * season) / leads);
    // A phase that has not come yet tells nothing.
    put(season - ahead < rows[0]! ? profile[(row + ahead) % season]! - level : 0);
  }
  phi[at] = CONSTANT;
}
