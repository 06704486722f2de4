// `millrace run` for many sensors, from start to stop, as a process: files of results over stops, Ctrl-C, refusals.

import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startFleet, until } from '../helpers/fleet-process.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-stop-'));
});
afterEach(() => rm(folder, { recursive: true }));

const lines = async (name: string): Promise<string[]> =>
  (await readFile(join(folder, name), 'utf8').catch(() => '')).split('\n').filter(Boolean);
const rows = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => `${1_700_000_000 + from + i},${(from + i) % 7}\n`).join('');
const digestOf = (said: string): string | undefined => /sha256:[0-9a-f]{64}/.exec(said)?.[0];

it('follows a file over a stop, and writes each result once', async () => {
  const csv = join(folder, 'log.csv');
  await writeFile(csv, `ts,v\n${rows(0, 20)}`);
  const args = (state: string, out: string): string[] => [
    ...['forecast', '--in', csv, '--follow', '--time-unit', 's', '--set', 'horizon=2', '--checkpoint-seconds', '1'],
    ...['--state-dir', join(folder, state), '--out', join(folder, out)],
  ];
  // Results reach the file with the next tick, a second later at most.
  const first = startFleet(args('state', 'out.jsonl'));
  await until(async () => (await lines('out.jsonl')).length === 20, 50);
  await appendFile(csv, rows(20, 25));
  first.child.kill('SIGINT');
  expect(await first.ended).toBe(130);
  await appendFile(csv, rows(25, 40));
  const second = startFleet(args('state', 'out.jsonl'));
  await until(async () => (await lines('out.jsonl')).length >= 40, 50);
  second.child.kill('SIGTERM');
  expect(await second.ended).toBe(0);

  const whole = startFleet(args('other', 'whole.jsonl'));
  await until(async () => (await lines('whole.jsonl')).length >= 40, 50);
  whole.child.kill('SIGTERM');
  await whole.ended;
  expect(await lines('out.jsonl')).toEqual(await lines('whole.jsonl'));
  expect(digestOf(second.said())).toBe(digestOf(whole.said()));
});

it.each([
  [['--in', 'mqtt://h/#', '--out', 'mqtt://h/out'], '--in would read what --out writes'],
  [['--in', '-', '--format', 'sparkplug'], 'sparkplug comes from a broker'],
  [['--in', '-', '--format', 'xml'], '--format cannot be "xml"'],
  [['--in', '-', '--format', 'json', '--reorder', 'soon'], '--reorder cannot be "soon"'],
  [['--in', '-', '--format', 'senml-cbor'], 'senml-cbor has no lines'],
  [['--in', 'mqtt://h/t', '--mqtt-version', '4'], '--mqtt-version cannot be "4"'],
  [['--in', 'mqtt://h/t', '--session-expiry', '60'], '--session-expiry is of MQTT 5'],
  [['--in', 'mqtt://h/t', '--mqtt-version', '5', '--session-expiry', '0'], '--session-expiry cannot be "0"'],
  [['--in', 'influx://here'], 'not an address to listen on'],
])('refuses %j', async (args, why) => {
  const { said, ended } = startFleet(['forecast', ...args]);
  expect(await ended).toBe(2);
  expect(said()).toContain(why);
});
