// The feature row of the regression: what the memory, the last values and the season's profile say, as deviations from the
// level in units of the usual deviation. So the same ridge fits any sensor, and columns can learn from each other. The
// first coefficients and values come twice more, turned by the phase of the season: mornings are not read as evenings are.

import { cos, sin } from '../../base/math.ts';
import type { ChannelViews } from './channel-state.ts';
import type { Moment } from './reader.ts';
import type { ForecastSizes } from './sizes.ts';

const LIMIT = 30;
/** The drift: small, so that the ridge trusts it last. Whole steps of what waits (regression.ts). */
const CONSTANT = 102 / 1024;

export type FillFeatures = (
  phi: Float64Array,
  channel: ChannelViews,
  memory: Float64Array,
  moment: Moment,
  coefficients: Float64Array,
) => void;

/**
 * phi = [memory, last values, coming season, constant, turned by cos, turned by sin, a trained model's coefficients].
 * `memory`: coefficients of one column, [order] f64; `phi` [features] f64 - written
 */
export function featureRow(sizes: ForecastSizes, seasonRows: number): FillFeatures {
  const { order, lags, leads } = sizes;
  const turn = turnFeatures(sizes, seasonRows);

  return (phi, { values, profile, rows }, memory, { row, level, deviation }, coefficients) => {
    let at = 0;
    const put = (value: number): void => {
      phi[at++] = Math.min(Math.max(value / deviation, -LIMIT), LIMIT);
    };
    put(memory[0]! - level);
    for (let n = 1; n < order; n++) put(memory[n]!);
    for (let lag = 0; lag < lags; lag++) {
      // Rows before the first are as constant as the memory takes them to be.
      const back = Math.min(lag, rows[0]! - 1);
      put(values[(row - back) % values.length]! - level);
    }
    for (let lead = 1; lead <= leads; lead++) {
      const ahead = leadRows(lead, leads, seasonRows);
      // A phase that has not come yet tells nothing.
      put(seasonRows - ahead < rows[0]! ? profile[(row + ahead) % seasonRows]! - level : 0);
    }
    phi[at] = CONSTANT;
    turn(phi, row);
    phi.set(coefficients, phi.length - coefficients.length);
  };
}

/** Fills the turned features of row number `row` from the others. */
export function turnFeatures(sizes: ForecastSizes, seasonRows: number): (phi: Float64Array, row: number) => void {
  const { order, turnedOrder, turnedLags, plain } = sizes;
  const angle = (phase: number): number => (2 * Math.PI * phase) / seasonRows;
  const tables = [cos, sin].map((f) => Float64Array.from({ length: seasonRows }, (_, phase) => f(angle(phase))));

  return (phi, row) => {
    let at = plain;
    for (const table of tables) {
      const factor = table[row % seasonRows]!;
      for (let n = 0; n < turnedOrder; n++) phi[at++] = factor * phi[n]!;
      for (let lag = 0; lag < turnedLags; lag++) phi[at++] = factor * phi[order + lag]!;
    }
  };
}

const leadRows = (lead: number, leads: number, seasonRows: number): number => Math.round((lead * seasonRows) / leads);

/**
 * The weights [features, knots] that forecast the coming season's profile from the feature row, nothing else: what the
 * regression says without evidence. `moved`: the profile at the present level instead of its own.
 */
export function profileWeights(sizes: ForecastSizes, seasonRows: number, moved: boolean): Float64Array {
  const { order, lags, leads, features, knots } = sizes;
  const weights = new Float64Array(features * knots.length);
  const first = order + lags;
  for (const [k, step] of knots.entries()) {
    const ahead = ((step - 1) % seasonRows) + 1;
    let upper = 1;
    while (leadRows(upper, leads, seasonRows) < ahead) upper++;
    const lower = upper === 1 ? leads : upper - 1; // the last lead is the present phase
    const [a, b] = [upper === 1 ? 0 : leadRows(lower, leads, seasonRows), leadRows(upper, leads, seasonRows)];
    const share = (ahead - a) / (b - a);
    const add = (lead: number, value: number): void => {
      weights[(first + lead - 1) * knots.length + k]! += value;
    };
    add(upper, share);
    add(lower, 1 - share);
    if (moved) for (let lead = 1; lead <= leads; lead++) add(lead, -1 / leads);
  }
  return weights;
}
