// The benchmark's folder as it is published: data/<category>/<file>.csv (plain or gzipped) and labels/combined_windows.json.
// Any other folder of that shape will do.

import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { engineError } from '../../../base/errors.ts';
import { decodeCsv } from '../../../wire/csv.ts';
import { usage } from '../../usage.ts';
import type { Window } from './score.ts';

export interface Series {
  /** 'realTweets/Twitter_volume_AAPL.csv' */
  readonly key: string;
  /** As they stand in the file. */
  readonly timestamps: readonly string[];
  readonly values: Float64Array;
  /** Microseconds. */
  readonly times: Float64Array;
  readonly windows: readonly Window[];
}

const EXPECTED =
  '--data <folder> with data/<category>/<file>.csv and labels/combined_windows.json, as in the benchmark';

/** All series that have labels, by name. @throws ERR_USAGE, ERR_FILE_NOT_FOUND, ERR_FILE_NOT_CSV */
export async function readCorpus(folder: string | undefined): Promise<Series[]> {
  const labels = folder && join(folder, 'labels', 'combined_windows.json');
  if (!labels || !existsSync(labels)) throw usage('nab needs the folder of the benchmark', EXPECTED);
  const windows = JSON.parse(await readFile(labels, 'utf8')) as Record<string, [string, string][]>;
  const series: Series[] = [];
  for (const key of Object.keys(windows).sort()) series.push(await readSeries(folder, key, windows[key]!));
  return series;
}

async function readSeries(folder: string, key: string, windows: readonly [string, string][]): Promise<Series> {
  const text = await readText(folder, key);
  const decoded = decodeCsv(text, { fields: ['timestamp', 'value'], time: 'timestamp' });
  const timestamps = text
    .split(/\r?\n/)
    .slice(1)
    .filter((line) => line !== '')
    .map((line) => line.slice(0, line.indexOf(',')));
  if (!decoded.times || decoded.faults.length > 0 || timestamps.length !== decoded.count) {
    throw engineError('ERR_FILE_NOT_CSV', `${key} is not a series of the benchmark`, {
      expected: 'a header timestamp,value and a time and a number in every line',
    });
  }
  const rowOf = (label: string): number => {
    const row = timestamps.indexOf(label.slice(0, 19)); // labels carry microseconds, which are 0
    if (row < 0) throw usage(`a window of ${key} begins or ends at ${label}, where there is no row`, EXPECTED);
    return row;
  };
  return {
    key,
    timestamps,
    values: Float64Array.from(decoded.rows),
    times: decoded.times,
    windows: windows.map(([first, last]) => [rowOf(first), rowOf(last)]),
  };
}

async function readText(folder: string, key: string): Promise<string> {
  const path = join(folder, 'data', key);
  if (existsSync(path)) return readFile(path, 'utf8');
  const found = existsSync(`${path}.gz`) ? `${path}.gz` : undefined;
  if (found) return gunzipSync(await readFile(found)).toString('utf8');
  const [category = ''] = key.split('/');
  const there = await readdir(join(folder, 'data', category)).catch(() => []);
  throw engineError('ERR_FILE_NOT_FOUND', `no ${key} in ${folder}/data (${there.length} files beside it)`, {
    expected: EXPECTED,
  });
}
