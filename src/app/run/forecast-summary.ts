// What a forecast was worth on the very stream that it ran on, beside simple forecasters, in the same pass: every row is
// forecast before it is seen. Constant memory: what waits for its value is as long as the longest step that is scored.

import type { Forecast } from '../../item/item.ts';
import { type Baseline, baselines } from '../evaluate/forecasting/baselines.ts';
import { toldBy } from '../evaluate/forecasting/run-forecast.ts';
import { SHARES } from '../evaluate/forecasting/scores.ts';
import { table } from '../print.ts';

/** Steps scored at most, spread over the horizon. */
const STEPS = 24;
const WEEKS = 7;

interface Tally {
  readonly name: string;
  /** Absolute errors per column, and how many. */
  readonly errors: Float64Array;
  readonly counts: Float64Array;
  pinball: number;
  inside: number;
  hasInterval: boolean;
  hasQuantiles: boolean;
}

export interface ForecastSummary {
  output(item: Forecast): void;
  /** Rows [n, width] from row `at`; NaN where missing. */
  rows(at: number, values: Float32Array): void;
  text(): string;
}

export function forecastSummary(width: number, horizon: number, seasonRows: number): ForecastSummary {
  const steps = stepsUpTo(horizon);
  const simple: Baseline[] = baselines(
    width,
    seasonRows,
    WEEKS * seasonRows <= 20_160 ? WEEKS * seasonRows : undefined,
  );
  const tally = (name: string): Tally => ({
    ...{ name, errors: new Float64Array(width), counts: new Float64Array(width) },
    ...{ pinball: 0, inside: 0, hasInterval: false, hasQuantiles: false },
  });
  const ours = tally('forecast');
  const tallies = simple.map(({ name }) => tally(name));
  const told = new Map<number, Forecast>();
  const said = steps.map((step) => new Float32Array(step * simple.length * width).fill(Number.NaN));
  const before = new Float32Array(seasonRows * width).fill(Number.NaN);
  const naive = { errors: new Float64Array(width), counts: new Float64Array(width) };

  function meet(row: number, values: Float32Array): void {
    for (const [s, step] of steps.entries()) {
      const item = told.get(row - step);
      for (let column = 0; column < width; column++) {
        const value = values[column]!;
        if (value !== value) continue;
        if (item) scoreOurs(ours, item, step, column, value);
        for (const [b, one] of tallies.entries()) {
          const forecast = said[s]![((row % step) * simple.length + b) * width + column]!;
          if (forecast === forecast) add(one, column, Math.abs(forecast - value));
        }
      }
    }
  }

  function compareWithSeason(row: number, values: Float32Array): void {
    for (let column = 0; column < width; column++) {
      const at = (row % seasonRows) * width + column;
      add(naive, column, Math.abs(values[column]! - before[at]!));
      before[at] = values[column]!;
    }
  }

  function oneRow(row: number, values: Float32Array): void {
    meet(row, values);
    compareWithSeason(row, values);
    told.delete(row - horizon);
    for (const [b, baseline] of simple.entries()) {
      baseline.push(values);
      for (const [s, step] of steps.entries()) {
        for (let column = 0; column < width; column++) {
          said[s]![((row % step) * simple.length + b) * width + column] = baseline.predict(step, column);
        }
      }
    }
  }

  return {
    output(item) {
      told.set(item.from, item);
    },
    rows(at, values) {
      for (let i = 0; i * width < values.length; i++) oneRow(at + i, values.subarray(i * width, (i + 1) * width));
    },
    text() {
      const head = ['', 'MASE', 'pinball', `inside the interval`];
      return table([head, ...[ours, ...tallies].map((one) => lineOf(one, naive))]);
    },
  };
}

/** 1, the horizon, and steps between them. */
function stepsUpTo(horizon: number): number[] {
  if (horizon <= STEPS) return Array.from({ length: horizon }, (_, j) => j + 1);
  return Array.from({ length: STEPS }, (_, j) => 1 + Math.round((j * (horizon - 1)) / (STEPS - 1)));
}

function add({ errors, counts }: Pick<Tally, 'errors' | 'counts'>, column: number, error: number): void {
  if (error - error !== 0) return;
  errors[column]! += error;
  counts[column]! += 1;
}

function scoreOurs(ours: Tally, item: Forecast, step: number, column: number, value: number): void {
  const { mean, quantile, inside } = toldBy(item);
  const error = Math.abs(mean(step, column) - value);
  if (error - error !== 0) return;
  add(ours, column, error);
  ours.hasInterval = true;
  if (inside?.(value, step, column)) ours.inside++;
  if (!quantile) return;
  ours.hasQuantiles = true;
  for (let q = 0; q < SHARES.length; q++) {
    const away = value - quantile(q, step, column);
    if (away === away) ours.pinball += (away > 0 ? SHARES[q]! * away : (SHARES[q]! - 1) * away) / SHARES.length;
  }
}

/** Errors are divided by the mean change over a season, column by column, so that units do not matter. */
function lineOf(one: Tally, naive: Pick<Tally, 'errors' | 'counts'>): string[] {
  let scaled = 0;
  let columns = 0;
  let errors = 0;
  let counts = 0;
  for (let column = 0; column < one.errors.length; column++) {
    const usual = naive.errors[column]! / naive.counts[column]!;
    const error = one.errors[column]! / one.counts[column]!;
    errors += one.errors[column]!;
    counts += one.counts[column]!;
    if (!(usual > 0) || error !== error) continue;
    scaled += error / usual;
    columns++;
  }
  const pinball = one.hasQuantiles ? one.pinball / counts : one.hasInterval ? Number.NaN : errors / counts / 2;
  const number = (value: number): string => (Number.isFinite(value) ? value.toPrecision(3) : '');
  return [
    one.name,
    number(scaled / columns),
    number(pinball),
    one.hasInterval ? `${((100 * one.inside) / counts).toFixed(1)} %` : '',
  ];
}
