// Forecasting on ETTh1 (hourly, 7 columns) as the literature scores it: 12 months of training, 4 of validation, 4 of test,
// mean squared error of z-scored values over all windows of the test months and all steps 1 .. horizon. What differs from
// the literature, in our favour: nothing is frozen after training; the stream is forecast first and learned from afterwards,
// row by row, through the test months too. Settings were chosen on the 16 months before them.

import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { engineError } from '../../base/errors.ts';
import { streamId } from '../../base/units.ts';
import type { Forecast } from '../../item/item.ts';
import type { LoadedPipeline } from '../../pipeline/connect.ts';
import { Session } from '../../session/session.ts';
import { decodeCsv, readCsvHeader } from '../../wire/csv.ts';
import { systemClock } from '../clock.ts';
import type { OpenPipeline } from '../open-pipeline.ts';
import { byteSize, microseconds, table } from '../print.ts';

export interface ForecastEvaluation {
  /** ETTh1.csv or ETTh1.csv.gz. */
  readonly data: string;
  /** Months scored: the test months unless settings are being chosen. */
  readonly part?: 'test' | 'validation';
}

const MONTH = 30 * 24;
const TRAIN_ROWS = 12 * MONTH;
const PARTS = { validation: [TRAIN_ROWS, 16 * MONTH], test: [16 * MONTH, 20 * MONTH] } as const;
const HORIZONS = [24, 96] as const;
const DAY = 24;
const CHUNK_ROWS = 480;

/** Predicts column `column` `step` rows (1 ..) after row `row` from rows up to `row`. */
type Predict = (row: number, step: number, column: number) => number;

interface Series {
  /** [rows, width], z-scored on the training months. */
  readonly data: Float32Array;
  /** Microseconds of each row. */
  readonly times: Float64Array;
  readonly width: number;
  readonly names: readonly string[];
}

export async function evaluateForecast(
  open: OpenPipeline,
  options: ForecastEvaluation,
  print: (line: string) => void,
): Promise<void> {
  const series = await readSeries(options.data);
  const part = options.part ?? 'test';
  const [first, end] = PARTS[part];
  const { data, width } = series;
  const at = (row: number, column: number): number => data[row * width + column]!;
  const last = width - 1;
  const heads = HORIZONS.flatMap((h) => [`${series.names[last]} ${h}`, `all ${h}`]);
  const rows = [['forecaster', ...heads, ...HORIZONS.map((h) => `in 90 % ${h}`), 'state/column', 'row/column']];
  for (const cell of ['ssm', 'attention']) {
    const runs = [];
    for (const horizon of HORIZONS)
      runs.push(await runPipeline(await open('forecast', { cell, horizon }), series, first, end));
    rows.push([
      `forecast, ${cell}`,
      ...runs.flatMap(({ errors }) => [errors[last]!.toFixed(4), mean(errors).toFixed(4)]),
      ...runs.map(({ inside }) => `${(100 * mean(inside)).toFixed(1)} %`),
      runs.map(({ bytes }) => byteSize(bytes / width)).join(', '),
      runs.map(({ us }) => microseconds(us / width)).join(', '),
    ]);
  }
  const sameHour = (row: number, step: number): number => row + 1 + ((step - 1) % DAY);
  const simple: Record<string, Predict> = {
    'last value': (row, _step, column) => at(row, column),
    'the day before': (row, step, column) => at(sameHour(row, step) - DAY, column),
    'hour of day, mean of 7 days': (row, step, column) =>
      [1, 2, 3, 4, 5, 6, 7].reduce((sum, days) => sum + at(sameHour(row, step) - days * DAY, column), 0) / 7,
  };
  for (const [name, predict] of Object.entries(simple)) {
    const errors = HORIZONS.map((horizon) => windowErrors(series, first, end, horizon, predict));
    rows.push([name, ...errors.flatMap((e) => [e[last]!.toFixed(4), mean(e).toFixed(4)]), '', '', '', '']);
  }
  print(
    `ETTh1, mean squared error over the ${part} months, ${rows[0]![1]} and all ${width} columns, each from its own past`,
  );
  print(table(rows));
}

const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;

/** Per column: mean squared error over all windows whose targets lie in rows [first, end). */
export function windowErrors(
  { data, width }: Pick<Series, 'data' | 'width'>,
  first: number,
  end: number,
  horizon: number,
  predict: Predict,
): number[] {
  return Array.from({ length: width }, (_, column) => {
    let sum = 0;
    for (let row = first - 1; row + horizon < end; row++) {
      for (let step = 1; step <= horizon; step++) {
        const error = predict(row, step, column) - data[(row + step) * width + column]!;
        sum += error * error;
      }
    }
    return sum / ((end - horizon - first + 1) * horizon);
  });
}

async function runPipeline(loaded: LoadedPipeline, series: Series, first: number, end: number) {
  const { data, times, width } = series;
  const forecasts: Forecast[] = [];
  const session = new Session({
    id: streamId('evaluate'),
    loaded,
    source: { rateHz: 0, width },
    clock: systemClock,
    onOutput: ({ item }) => {
      if (item.kind === 'forecast' && item.from >= first - 1) forecasts.push(item);
    },
    onError: (error) => {
      throw error;
    },
  });
  const started = systemClock.now();
  for (let row = 0; row < end; row += CHUNK_ROWS) {
    const stop = Math.min(row + CHUNK_ROWS, end);
    session.rows(data.subarray(row * width, stop * width), times.subarray(row, stop));
    await session.idle();
  }
  const us = (systemClock.now() - started) / end;
  session.close();
  const horizon = forecasts[0]!.horizons.length;
  const of = (row: number): Forecast => forecasts[row - first + 1]!;
  const errors = windowErrors(
    series,
    first,
    end,
    horizon,
    (row, step, column) => of(row).mean[(step - 1) * width + column]!,
  );
  const inside = Array.from({ length: width }, (_, column) => {
    let hits = 0;
    for (let row = first - 1; row + horizon < end; row++) {
      for (let step = 1; step <= horizon; step++) {
        const i = (step - 1) * width + column;
        const value = data[(row + step) * width + column]!;
        if (value >= of(row).lower[i]! && value <= of(row).upper[i]!) hits++;
      }
    }
    return hits / ((end - horizon - first + 1) * horizon);
  });
  return { errors, inside, us, bytes: session.stateBytes };
}

async function readSeries(path: string): Promise<Series> {
  const bytes = await readFile(path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const [time, ...names] = readCsvHeader(text) ?? [];
  const decoded = time === undefined ? undefined : decodeCsv(text, { fields: [time, ...names], time });
  const rows = PARTS.test[1];
  if (!decoded?.times || decoded.count < rows || decoded.faults.length > 0) {
    throw engineError('ERR_FILE_NOT_CSV', `${path} is not the whole series: ${decoded?.count ?? 0} rows`, {
      expected: `ETTh1: a date and its columns, ${rows} rows or more`,
    });
  }
  const width = names.length;
  const data = decoded.rows.slice(0, rows * width);
  for (let column = 0; column < width; column++) {
    const train = Array.from({ length: TRAIN_ROWS }, (_, row) => data[row * width + column]!);
    const center = mean(train);
    const spread = Math.sqrt(mean(train.map((v) => (v - center) * (v - center))));
    for (let i = column; i < data.length; i += width) data[i] = (data[i]! - center) / spread;
  }
  return { data, times: decoded.times.slice(0, rows), width, names };
}
