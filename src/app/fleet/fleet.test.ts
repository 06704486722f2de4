// A fleet against its folder, without a broker: what a message leads to, what survives, what is said of the rest.

import { cpSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LoadedPipeline } from '../../pipeline/connect.ts';
import { openFormat } from '../../wire/formats/open-format.ts';
import { openPipelineOrFile } from '../open-pipeline.ts';
import type { FleetOptions } from './fleet.ts';
import { lockFile } from './lock.ts';
import { type OpenedFleet, openFleet } from './open-fleet.ts';
import { createRedelivery } from './redelivery.ts';
import { fileSink } from './result-sink.ts';

const NOW = 1_800_000_000_000_000;
let loaded: LoadedPipeline;
let folder: string;
beforeAll(async () => {
  loaded = await openPipelineOrFile('forecast', { horizon: 1, season: 2 });
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-fleet-'));
});
afterEach(() => rm(folder, { recursive: true }));

const hear = await openFormat('json', { timeUnit: 's' });
const out = (name = 'out.jsonl') => join(folder, name);
function open(own: Partial<FleetOptions> = {}, state = 'state', results = 'out.jsonl'): Promise<OpenedFleet> {
  const options = {
    loaded,
    hear,
    order: { windowUs: 0, rowsMax: 100 },
    streamsMax: 3,
    checkpoint: { rows: 4, ms: 1000 },
    nowUs: () => NOW,
    ...own,
  };
  return openFleet(options, (keep) => fileSink(out(results), keep), join(folder, state));
}
const message = (topic: string, row: object, more = {}) => ({
  topic,
  bytes: Buffer.from(JSON.stringify(row)),
  ...more,
});
async function lines(name?: string) {
  const text = await readFile(out(name), 'utf8');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
async function closed({ fleet, close }: OpenedFleet) {
  const summary = await fleet.finish(false);
  await close();
  return summary;
}
const T = NOW / 1e6 - 1000;

describe('fleet', () => {
  it('makes a stream of every topic and quantity, and confirms a message once', async () => {
    const opened = await open();
    const done: number[] = [];
    for (let i = 0; i < 3; i++) {
      await opened.fleet.take(message('a', { t: T + i, x: i, y: -i }, { done: () => done.push(i) }));
    }
    expect(await closed(opened)).toMatchObject({ streams: 2, results: 6, counts: { rows: 6 } });
    expect(done).toEqual([0, 1, 2]);
    const first = (await lines())[0]!;
    expect(first).toMatchObject({ stream: 'a#x', type: 'result', seq: 0, op: 'forecast', t_us: T * 1e6 });
  });

  it('makes one row of the columns that were named, missing where a message lacks one', async () => {
    const opened = await open({ columns: ['x', 'y'] });
    await opened.fleet.take(message('a', { t: T, x: 1, y: 2, z: 3 }));
    await opened.fleet.take(message('a', { t: T + 1, y: 3 }));
    expect(await closed(opened)).toMatchObject({ streams: 1, results: 2 });
  });

  it('says what did not go in, and why: late, twice, from the future, malformed, too many', async () => {
    const opened = await open({ streamsMax: 1 });
    let done = 0;
    const take = (topic: string, row: object) => opened.fleet.take(message(topic, row, { done: () => done++ }));
    await take('a', { t: T + 5, x: 1 });
    await take('a', { t: T + 5, x: 2 });
    await take('a', { t: T + 1, x: 2 });
    await take('a', { t: T + 1e6, x: 2 });
    await take('a', { t: 'noon', x: 2 });
    await take('b', { t: T, x: 1 });
    await take('a', { t: T + 6, x: 3 });
    const { counts } = await closed(opened);
    expect(counts).toMatchObject({ rows: 4, late: 1, duplicate: 1, future: 1, malformed: 1, refused: 1 });
    expect(done).toBe(7);
    const events = (await lines()).filter(({ type }) => type === 'event').map(({ event }) => event);
    expect(events.sort()).toEqual(['duplicate', 'future', 'late', 'malformed', 'refused']);
    expect((await lines()).filter(({ type }) => type === 'result')).toHaveLength(2);
  });

  it('gives rows without a time that of their coming, none twice, and takes none that a broker remembered', async () => {
    const opened = await open();
    for (let i = 0; i < 3; i++) await opened.fleet.take(message('a', { x: i }));
    await opened.fleet.take(message('a', { x: 9 }, { retained: true }));
    expect(await closed(opened)).toMatchObject({ results: 3, counts: { duplicate: 0 } });
    expect((await lines()).map(({ t_us }) => t_us)).toEqual([NOW, NOW + 1, NOW + 2]);
  });

  it('begins no stream with a missing value', async () => {
    const opened = await open();
    await opened.fleet.take(message('a', { t: T, x: null }));
    await opened.fleet.take(message('a', { t: T + 1, x: 1 }));
    await opened.fleet.take(message('a', { t: T + 2, x: null }));
    expect(await closed(opened)).toMatchObject({ streams: 1, results: 2 });
  });

  it('knows a message that comes again on the next connection, and confirms it', async () => {
    const opened = await open();
    const sent = [1, 2, 3].map((id) => message('a', { x: 21.5 }, { id }));
    for (const one of sent.slice(0, 2)) await opened.fleet.take(one);
    opened.fleet.reconnected();
    let done = 0;
    for (const one of sent) await opened.fleet.take({ ...one, done: () => done++ });
    expect(await closed(opened)).toMatchObject({ results: 3, counts: { repeated: 2 } });
    expect(done).toBe(3);
  });

  // A kill at any moment leaves some of the folder as it was then: copies of it, taken while it works, are such kills.
  it('goes on from a folder as a kill left it, with the same states and the same file of results', async () => {
    const rows = Array.from({ length: 60 }, (_, i) => message(`s${i % 3}`, { t: T + i, x: i % 7 }, { id: i + 1 }));
    const reference = await open({}, 'reference', 'reference.jsonl');
    for (const one of rows) await reference.fleet.take(one);
    const { digest } = await closed(reference);

    const opened = await open();
    const kills: number[] = [];
    let safe = 0;
    for (const [i, one] of rows.entries()) {
      await opened.fleet.take({ ...one, done: () => safe++ });
      opened.fleet.tick();
      if (i % 7 === 3) {
        while (safe <= i) await new Promise((resolve) => setTimeout(resolve, 2));
        // Synchronous: meanwhile the disk finishes at most what was begun, as it does after a kill.
        for (const part of ['journal', 'streams']) {
          const filter = (path: string): boolean => !path.endsWith('.new');
          cpSync(join(folder, 'state', part), join(folder, `kill${i}`, part), { recursive: true, filter });
        }
        cpSync(out(), out(`kill${i}.jsonl`));
        kills.push(i);
      }
    }
    expect((await closed(opened)).digest).toBe(digest);

    for (const i of kills) {
      const again = await open({}, `kill${i}`, `kill${i}.jsonl`);
      // The last five confirmations were lost, so these come again.
      for (const one of rows.slice(Math.max(0, i - 4))) await again.fleet.take(one);
      expect((await closed(again)).digest, `killed after ${i}`).toBe(digest);
      expect(await sorted(`kill${i}.jsonl`), `killed after ${i}`).toEqual(await sorted('reference.jsonl'));
    }
    expect(kills.length).toBeGreaterThan(7);
  });

  it('holds rows that wait for earlier ones over a stop', async () => {
    const reordering = { order: { windowUs: 10e6, rowsMax: 100 } };
    const first = await open(reordering);
    for (const t of [3, 1]) await first.fleet.take(message('a', { t: T + t, x: t }));
    expect(await closed(first)).toMatchObject({ results: 0 });
    const second = await open(reordering);
    for (const t of [2, 20]) await second.fleet.take(message('a', { t: T + t, x: t }));
    expect(await closed(second)).toMatchObject({ results: 3, counts: { out_of_order: 2 } });
  });

  it('refuses a folder of other options, and one that another process has', async () => {
    const first = await open();
    await expect(open()).rejects.toMatchObject({ code: 'ERR_STORE_FAILED' });
    await first.fleet.take(message('a', { t: T, x: 1 }));
    await closed(first);
    const other = await openPipelineOrFile('forecast', { horizon: 2, season: 2 });
    await expect(open({ loaded: other })).rejects.toMatchObject({ code: 'ERR_STATE_MODEL' });
    await closed(await open());
  });
});

/** Events that are no row's doing are said again by nobody. */
async function sorted(name: string): Promise<string[]> {
  return (await lines(name))
    .filter(({ type }) => type === 'result')
    .map((line) => JSON.stringify(line))
    .sort();
}

describe('lock', () => {
  it('passes over one that a process left which is no more, or whose number is another one now', async () => {
    const path = join(folder, 'lock');
    const { writeFile } = await import('node:fs/promises');
    for (const left of ['999999999 1', `${process.pid} 1`, '']) {
      await writeFile(path, left);
      await (await lockFile(path)).release();
    }
  });
});

describe('redelivery', () => {
  const noted = () => {
    const known = createRedelivery();
    for (const id of [1, 2, 3]) known.note(id, 7);
    expect(known.isRepeat(1, 7, true)).toBe(false);
    known.reconnected();
    return known;
  };

  it('knows unmarked repeats until something new has come: numbers are used again', () => {
    const known = noted();
    expect([2, 3].map((id) => known.isRepeat(id, 7, false))).toEqual([true, true]);
    expect(known.isRepeat(4, 7, false)).toBe(false);
    expect(known.isRepeat(1, 7, false)).toBe(false);
  });

  it('knows marked repeats in any order, each once, and only of the same content', () => {
    const known = noted();
    expect(known.isRepeat(9, 7, false)).toBe(false);
    expect(known.isRepeat(3, 8, true)).toBe(false);
    expect([3, 1, 3].map((id) => known.isRepeat(id, 7, true))).toEqual([true, true, false]);
  });

  it('knows them over several connections that were lost', () => {
    const known = noted();
    known.reconnected();
    expect(known.isRepeat(3, 7, true)).toBe(true);
  });
});
