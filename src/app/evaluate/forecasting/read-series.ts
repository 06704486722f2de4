// A CSV or .csv.gz of a time and columns of numbers as one z-scored series, as the literature takes ETTh1: means and
// deviations of the training months only. Whole files in memory; streams of any length: source/csv-source.ts.

import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { engineError } from '../../../base/errors.ts';
import { decodeCsv, readCsvHeader } from '../../../wire/csv.ts';

export interface Series {
  /** [rows, width], z-scored on the training rows. */
  readonly data: Float32Array;
  /** Microseconds of each row. */
  readonly times: Float64Array;
  readonly width: number;
  readonly names: readonly string[];
  readonly rows: number;
  /** Rows in 30 days at the usual step. */
  readonly monthRows: number;
  /** Rows in a day; in a week, where a row is a day or longer. */
  readonly seasonRows: number;
}

const DAY_US = 86_400e6;

/**
 * @param months how many are read, of 30 days each   @param trainMonths those at the beginning that say mean and deviation
 * @throws ERR_FILE_NOT_CSV for a file that is shorter, has no time column first, or has faulty rows
 */
export async function readSeries(path: string, months: number, trainMonths: number): Promise<Series> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw engineError('ERR_FILE_NOT_FOUND', `cannot read ${path}`, { expected: 'a CSV file, also as .csv.gz', cause });
  });
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const [time, ...names] = readCsvHeader(text) ?? [];
  const decoded = time === undefined ? undefined : decodeCsv(text, { fields: [time, ...names], time });
  const step = decoded?.times ? usualStep(decoded.times) : Number.NaN;
  const monthRows = Math.round((30 * DAY_US) / step);
  const rows = months * monthRows;
  if (!decoded?.times || !(rows > 0 && decoded.count >= rows) || decoded.faults.length > 0) {
    throw engineError('ERR_FILE_NOT_CSV', `${path} is not the whole series: ${decoded?.count ?? 0} rows`, {
      expected: `a header, a date first and then columns of numbers, over ${months} months of 30 days or more`,
    });
  }
  const width = names.length;
  const data = decoded.rows.slice(0, rows * width);
  for (let column = 0; column < width; column++) standardise(data, width, column, trainMonths * monthRows);
  const perDay = Math.round(DAY_US / step);
  return {
    ...{ data, width, names, rows, monthRows },
    times: decoded.times.slice(0, rows),
    seasonRows: perDay >= 2 ? perDay : 7,
  };
}

function usualStep(times: Float64Array): number {
  const steps = times.subarray(1, 1001).map((time, i) => time - times[i]!);
  return steps.sort()[Math.floor(steps.length / 2)]!;
}

function standardise(data: Float32Array, width: number, column: number, trainRows: number): void {
  let sum = 0;
  for (let row = 0; row < trainRows; row++) sum += data[row * width + column]!;
  const center = sum / trainRows;
  let squares = 0;
  for (let row = 0; row < trainRows; row++) {
    const away = data[row * width + column]! - center;
    squares += away * away;
  }
  const spread = Math.sqrt(squares / trainRows) || 1;
  for (let i = column; i < data.length; i += width) data[i] = (data[i]! - center) / spread;
}
