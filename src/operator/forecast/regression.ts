// Ridge regression of all horizons at once, learned online on exponentially weighted normal equations. Every target is used
// only once it has been seen: a row's features wait in a ring until their last target has come (test, then train).
// Arithmetic: kernel/plain/rls-{accumulate,solve,predict}.ts, or on the WebAssembly kernels, to the bit: kernel/wasm/rls.ts.
// Where features come from: features.ts.

import { f32, f64, type Views } from '../../cell/state.ts';
import { rlsOf } from '../../kernel/wasm/rls.ts';
import type { ChannelViews } from './channel-state.ts';
import type { Moment } from './reader.ts';
import type { ForecastOptions, ForecastSizes } from './sizes.ts';

const FORGET = 0.9999;
const RIDGE = 300; // in squared usual deviations: a feature needs some 300 rows of evidence
const SOLVE_EVERY_ROWS = 24;
const TARGET_LIMIT = 30; // usual deviations

export const regressionLayout = ({ width, horizon }: ForecastOptions, { features }: ForecastSizes) => ({
  gram: f64(width, (features * (features + 1)) / 2),
  moment: f64(width, features, horizon),
  weights: f32(width, features, horizon),
  /** Slot (row mod horizon): features of rows whose targets are still to come, and their level and deviation. */
  waiting: f32(width, horizon, features),
  frame: f64(width, horizon, 2),
});
export type RegressionViews = Views<ReturnType<typeof regressionLayout>>;

export interface Regression {
  /** The forecast made `horizon` rows ago meets its last target. */
  learn(column: RegressionViews, views: ChannelViews, row: number): void;
  /** Solves anew when it is this column's turn: columns take turns, so that a wide row does not solve them all at once. */
  solve(column: RegressionViews, turn: number): void;
  /** phi [features] -> out [horizon]; keeps phi until its targets have come. */
  predict(column: RegressionViews, phi: Float64Array, moment: Moment, out: Float64Array): void;
}

export function regression({ horizon, simd }: ForecastOptions, { features }: ForecastSizes): Regression {
  // Scratch: nothing here survives a call.
  const phi = new Float64Array(features);
  const target = new Float64Array(horizon);
  const rls = rlsOf(features, horizon, simd);

  return {
    learn({ gram, moment, waiting, frame }, { issued, targets, learned }, row) {
      const origin = row - horizon;
      const slot = row % horizon;
      if (issued[slot] !== origin) return;
      const level = frame[2 * slot]!;
      const deviation = frame[2 * slot + 1]!;
      let missing = 0;
      for (let j = 0; j < horizon; j++) {
        const seen = targets[(origin + 1 + j) % targets.length]!;
        if (seen !== seen) missing++;
        // A missing target is taken to be what was forecast: it pulls the weights nowhere.
        const value = seen === seen ? seen : learned[slot * horizon + j]!;
        target[j] = Math.min(Math.max((value - level) / deviation, -TARGET_LIMIT), TARGET_LIMIT);
      }
      if (2 * missing > horizon) return;
      for (let i = 0; i < features; i++) phi[i] = waiting[slot * features + i]!;
      rls.accumulate(gram, moment, phi, target, FORGET);
    },
    solve({ gram, moment, weights }, turn) {
      if (turn % SOLVE_EVERY_ROWS === 0) rls.solve(gram, moment, RIDGE, weights);
    },
    predict({ weights, waiting, frame }, now, { row, level, deviation }, out) {
      const slot = row % horizon;
      waiting.set(now, slot * features);
      frame[2 * slot] = level;
      frame[2 * slot + 1] = deviation;
      rls.predict(weights, now, out);
      for (let j = 0; j < horizon; j++) out[j] = level + deviation * out[j]!;
    },
  };
}
