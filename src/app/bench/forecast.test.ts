// The sections forecast and million with little to do: what they report, against what can be reckoned from the rows.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seeded } from '../../../test/helpers/items.ts';
import { benchForecast } from './forecast.ts';
import { benchMillion } from './million.ts';
import type { BenchRecord } from './record.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-'));
});
afterAll(() => rm(folder, { recursive: true }));

const quiet = { note: () => undefined };

describe('bench forecast', () => {
  it('has a record per forecaster and horizon on any series of that shape, nothing published on another', async () => {
    const random = seeded(9);
    const six = 6 * 3600e3;
    const lines = Array.from({ length: 600 }, (_, row) => {
      const value = Math.sin((Math.PI * row) / 2) + 0.1 * random();
      return `${new Date(1.6e12 + row * six).toISOString()},${value.toFixed(4)},${(3 - 2 * value).toFixed(4)}`;
    });
    const data = join(folder, 'six-hourly.csv');
    await writeFile(data, `date,a,b\n${lines.join('\n')}\n`);
    const records: BenchRecord[] = [];
    const options = { data, split: [2, 1, 1], horizons: [2, 6] };
    await benchForecast((record) => records.push(record), { options, ...quiet });
    expect(records.map(({ name }) => name)).toEqual(
      [
        'forecast, ssm',
        'forecast, ssm and trained',
        'last value',
        'season before',
        'mean of 7 seasons by phase',
        'smoothing of level and season',
        'forecast, attention',
        'forecast, attention and trained',
      ].flatMap((name) => [`${name}, 2 rows`, `${name}, 6 rows`]),
    );
    const of = (name: string) => records.find((record) => record.name === name)!.also!;
    const ours = of('forecast, ssm, 6 rows');
    expect(ours.windows).toBe(115); // 120 rows of the test month, six ahead, from the row before it on
    expect(ours.mse).toBeLessThan(of('season before, 6 rows').mse!);
    expect(ours.pinball).toBeLessThan(ours.mae! / 2);
    expect(Math.abs(ours.inside! - 0.9)).toBeLessThan(0.08);
    expect(of('last value, 2 rows').pinball).toBeCloseTo(of('last value, 2 rows').mae! / 2, 12);
  });

  it('says what it needs', async () => {
    const run = (options: object) => benchForecast(() => undefined, { options, ...quiet });
    await expect(run({})).rejects.toMatchObject({ code: 'ERR_USAGE' });
    await expect(run({ data: join(folder, 'absent.csv') })).rejects.toMatchObject({ code: 'ERR_FILE_NOT_FOUND' });
    const data = join(folder, 'short.csv');
    await writeFile(data, 'date,a\n2020-01-01T00:00:00Z,1\n2020-01-01T01:00:00Z,2\n');
    await expect(run({ data })).rejects.toMatchObject({ code: 'ERR_FILE_NOT_CSV' });
  });
});

it('bench million: same bits after every resume, state as large as at the beginning, sums that stay sound', async () => {
  const records: BenchRecord[] = [];
  await benchMillion((record) => records.push(record), { options: { rows: [10_500] }, ...quiet });
  const of = (name: string) => records.find((record) => record.name.startsWith(name))!.value;
  expect(of('same bits')).toBe(1);
  expect(of('state at the end')).toBe(of('state at the beginning'));
  expect(of('smallest pivot')).toBeGreaterThan(-1e-6); // the least ridge is 300
});
