import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { evaluateForecast, windowErrors } from './forecast.ts';

it('averages over all windows that lie in the scored rows and over all their steps', () => {
  // Rows 0 .. 9 of two columns: t and 10 t. Scored rows [4, 8), horizon 2: windows after rows 3, 4, 5.
  const data = Float32Array.from({ length: 20 }, (_, i) => Math.floor(i / 2) * (i % 2 === 0 ? 1 : 10));
  const asked: number[][] = [];
  const errors = windowErrors({ data, width: 2 }, 4, 8, 2, (row, step, column) => {
    asked.push([row, step, column]);
    return data[row * 2 + column]!; // the last value: off by the step, or ten times the step
  });
  expect(errors).toEqual([(1 + 4) / 2, (100 + 400) / 2]);
  expect(asked.filter(([, , column]) => column === 0)).toEqual(
    [3, 4, 5].flatMap((row) => [
      [row, 1, 0],
      [row, 2, 0],
    ]),
  );
});

it('says so when the file is not the whole series', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-'));
  const data = join(folder, 'short.csv');
  await writeFile(data, 'date,OT\n2016-07-01 00:00:00,30.5\n');
  const open = () => Promise.reject(new Error('nothing should be opened'));
  await expect(evaluateForecast(open, { data }, () => undefined)).rejects.toMatchObject({ code: 'ERR_FILE_NOT_CSV' });
  await rm(folder, { recursive: true });
});
