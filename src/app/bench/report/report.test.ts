import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { BenchRecord } from '../record.ts';
import { describeMachine, machineLine } from './machine.ts';
import { saveReport } from './save-report.ts';
import { amount, sectionText } from './table.ts';

const record = (name: string, value: number, more: Partial<BenchRecord> = {}): BenchRecord => ({
  section: 'steps',
  name,
  value,
  unit: 'us/hop',
  ...more,
});
const RECORDS = [
  record('plain', 120.4, { spread: [118, 125.2] }),
  record('fast | furious', 10, { spread: [9.5, 11], baseline: 'plain', ratio: 0.083 }),
  record('state', 23_040, { unit: 'bytes' }),
];
const machine = {
  ...{ cpu: 'A Processor', cores: 2, node: 'v20.20.2', v8: '11.3.244', platform: 'linux x64' },
  ...{ date: '2026-01-02T03:04:05.000Z', commit: 'abc1234+' },
};

let folder: string | undefined;
afterEach(async () => {
  if (folder) await rm(folder, { recursive: true });
  folder = undefined;
});
async function saved(records: readonly BenchRecord[], notes: readonly string[] = []) {
  folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const files = await saveReport({ name: 'steps', machine, sections: [{ name: 'steps', records, notes }] }, folder);
  return { files, read: (name: string) => readFile(join(folder!, name), 'utf8') };
}

describe('the report of a run', () => {
  it('stores the machine and then a record a line', async () => {
    const { read } = await saved(RECORDS);
    const [head, ...lines] = (await read('steps.ndjson')).trim().split('\n');
    expect(JSON.parse(head!)).toEqual({ machine });
    expect(lines.map((line) => JSON.parse(line))).toEqual(RECORDS);
  });

  it('stores a Markdown table with the machine, the notes and the pictures', async () => {
    const { files, read } = await saved(RECORDS, ['without --peers the others are left out']);
    const text = await read('steps.md');
    expect(files[0]).toMatch(/steps\.md$/);
    expect(text).toContain('A Processor, 2 cores, Node v20.20.2 (V8 11.3), linux x64, 2026-01-02, commit abc1234+');
    expect(text).toContain('| fast \\| furious | 10 | us/hop | 9.50 .. 11 | 0.0830 x plain |');
    expect(text).toContain('Without --peers the others are left out.');
    expect(text).toContain('![steps](steps-us-hop.svg)');
    expect(text).toContain('![steps](steps-bytes.svg)');
  });

  it('draws a bar and its name for every record of a unit', async () => {
    const { read } = await saved(RECORDS);
    const svg = await read('steps-us-hop.svg');
    expect(svg).toContain('plain');
    expect(svg).toContain('fast | furious');
    expect(svg).toContain('10  (0.0830 x)');
    expect(svg).not.toContain('NaN');
    expect(svg).not.toContain('state');
  });

  it('goes on in a second picture when there are many, and leaves out what has no length', async () => {
    const many = Array.from({ length: 21 }, (_, i) => record(`kernel number ${i}`, i < 20 ? 1 + i * i * i : 0));
    const { files, read } = await saved([...many, record('the last', 5)]);
    expect(files.filter((file) => file.endsWith('.svg'))).toHaveLength(2);
    expect(await read('steps-us-hop-2.svg')).toContain('the last');
    expect(await read('steps-us-hop.svg')).toContain('us/hop (log)');
  });
});

describe('what is printed', () => {
  it('is a table with quartiles and ratios, notes below', () => {
    const text = sectionText({ name: 'steps', records: RECORDS, notes: ['one thread'] });
    expect(text).toMatch(/^steps\nwhat .*value .*unit .*quartiles .*beside\n/);
    expect(text).toMatch(/plain +120 +us\/hop +118 \.\. 125 *\n/);
    expect(text).toContain('23,040');
    expect(text).toContain('(one thread)');
  });

  it('shows amounts with three digits, large ones whole', () => {
    expect([0, 3, 0.12345, 12.345, 123.45, 1234.5, 0.0001].map(amount)).toEqual([
      ...['0', '3', '0.123', '12.3', '123', '1,235', '1.0e-4'],
    ]);
  });
});

it('knows this machine', async () => {
  const here = await describeMachine(new Date('2026-01-02T03:04:05Z'));
  expect(here).toMatchObject({ node: process.version, date: machine.date });
  expect(here.cores).toBeGreaterThan(0);
  expect(machineLine(here)).toContain('2026-01-02');
});
