// kill -9 while rows come in over MQTT at QoS 1, again and again at random moments: no row is lost, none counted twice, and the results
// are those of a run that nobody disturbed. The process that dies is the compiled command. The broker is aedes, in this
// process, which sends what waited for us behind what is new: rows are put in order again by their times. Where there is a
// mosquitto, which keeps the order and marks what it sends again, rows without times are counted once as well.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { expect, it } from 'vitest';
import { Fleet } from '../../src/app/fleet/fleet.ts';
import { openPipelineOrFile } from '../../src/app/open-pipeline.ts';
import { openFormat } from '../../src/wire/formats/open-format.ts';
import {
  type Broker,
  type FleetProcess,
  MOSQUITTO,
  startBroker,
  startFleet,
  startMosquitto,
  until,
} from '../helpers/fleet-process.ts';

/** In each of the tests; 20 take two minutes: `MILLRACE_KILLS=20 npx vitest run test/fleet --testTimeout 600000`. */
const KILLS = Number(process.env.MILLRACE_KILLS ?? 3);
const OPTIONS = { horizon: 2, season: 4 };
const START_US = 1_700_000_000_000_000;
const SENSORS = 3;

const topicOf = (i: number): string => `plant/${i % SENSORS}/temp`;
const payloadOf = (i: number): string => JSON.stringify({ time: START_US + i * 250_000, v: Math.sin(i / 9) + (i % 5) });

/** Mulberry32: the same kills in every run of the test. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** The results of a fleet in this process that nothing happens to. */
async function undisturbed(rows: number, windowUs: number): Promise<Map<string, string[]>> {
  const lines = new Map<string, string[]>();
  const fleet = new Fleet({
    loaded: await openPipelineOrFile('forecast', OPTIONS),
    hear: await openFormat('json', { timeUnit: 'us' }),
    order: { windowUs, rowsMax: 1024 },
    streamsMax: 10,
    checkpoint: { rows: 1, ms: 1 },
    sink: {
      write: (key, line) => void lines.set(key, [...(lines.get(key) ?? []), line]),
      drained: async () => undefined,
      mark: async () => 0,
      end: async () => undefined,
    },
  });
  for (let i = 0; i < rows; i++) await fleet.take({ topic: topicOf(i), bytes: Buffer.from(payloadOf(i)) });
  await fleet.finish(false);
  return lines;
}

async function linesOf(path: string): Promise<Map<string, string[]>> {
  const lines = new Map<string, string[]>();
  for (const line of (await readFile(path, 'utf8').catch(() => '')).split('\n').filter(Boolean)) {
    const { stream, type } = JSON.parse(line) as { stream: string; type: string };
    if (type === 'result') lines.set(stream, [...(lines.get(stream) ?? []), line]);
  }
  return lines;
}

/** @param reorderMs 0: the broker keeps the order   @param flags of the command, beside */
async function killOften(
  broker: Pick<Broker, 'url'>,
  reorderMs: number,
  untimed: boolean,
  flags: readonly string[] = [],
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-kill-'));
  const out = join(folder, 'out.jsonl');
  const start = (): FleetProcess =>
    startFleet([
      ...['forecast', '--in', `${broker.url}/plant/+/temp`, '--time-unit', 'us', '--out', out],
      ...['--state-dir', join(folder, 'state'), '--checkpoint-rows', '7', '--checkpoint-seconds', '1'],
      ...['--reorder', String(reorderMs), ...flags],
      ...Object.entries(OPTIONS).flatMap(([name, value]) => ['--set', `${name}=${value}`]),
    ]);
  const chance = random(20);
  const publisher = mqtt.connect(broker.url);
  let published = 0;
  let publishing = true;
  let running = start();
  try {
    await until(() => running.said().includes('subscribed'));
    const feeding = (async () => {
      while (publishing) {
        await publisher.publishAsync(topicOf(published), payloadOf(published), { qos: 1 });
        if (untimed) await publisher.publishAsync('plant/same/temp', '21.5', { qos: 1 });
        published++;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    for (let kill = 0; kill < KILLS; kill++) {
      await until(() => running.said().includes('subscribed'));
      await new Promise((resolve) => setTimeout(resolve, 400 * chance()));
      running.child.kill('SIGKILL');
      expect(await running.ended).toBe('SIGKILL');
      running = start();
    }
    publishing = false;
    await feeding;
    // Before that it does not listen to SIGTERM yet.
    await until(() => running.said().includes('subscribed'));
    const reference = await undisturbed(published, reorderMs * 1000);
    const wanted = totalOf(reference) + (untimed ? published : 0);
    await until(async () => totalOf(await linesOf(out)) >= wanted || running.child.exitCode !== null, 250);
    running.child.kill('SIGTERM');
    expect(await running.ended, running.said()).toBe(0);
    const seen = await linesOf(out);
    for (const [key, lines] of reference) expect(seen.get(key)).toEqual(lines);
    if (untimed)
      expect(seen.get('plant/same/temp#value')?.map(seqOf)).toEqual(Array.from({ length: published }, (_, i) => i));
  } finally {
    publishing = false;
    running.child.kill('SIGKILL');
    await publisher.endAsync(true);
    await rm(folder, { recursive: true, force: true });
  }
}

const totalOf = (lines: Map<string, string[]>): number => [...lines.values()].reduce((sum, own) => sum + own.length, 0);
const seqOf = (line: string): number => (JSON.parse(line) as { seq: number }).seq;

it('loses no row and counts none twice, however often the process is killed', async () => {
  const broker = await startBroker();
  try {
    await killOften(broker, 30_000, false);
  } finally {
    await broker.close();
  }
});

it.runIf(MOSQUITTO).each([
  ['3.1.1', []],
  ['5', ['--mqtt-version', '5']],
])('does so with mosquitto and MQTT %s, also with rows that do not say their time', async (_, flags) => {
  const broker = await startMosquitto();
  try {
    await killOften(broker, 0, true, flags);
  } finally {
    await broker.close();
  }
});
