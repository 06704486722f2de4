import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSource, type SourceOptions } from './open-source.ts';
import type { Source, SourceBlock } from './source.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-source-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function drain(source: Source): Promise<{ rows: number[]; times: number[]; blocks: SourceBlock[] }> {
  const blocks: SourceBlock[] = [];
  for await (const block of source.blocks()) blocks.push(block);
  return { rows: blocks.flatMap((b) => [...b.rows]), times: blocks.flatMap((b) => [...(b.times ?? [])]), blocks };
}

async function openText(text: string | Uint8Array, options?: SourceOptions, name = 'data.csv'): Promise<Source> {
  const path = join(folder, name);
  await writeFile(path, text);
  return openSource(path, options);
}

describe('audio as a source', () => {
  it('is the bundled recording, at its own rate', async () => {
    const source = await openSource('assets/speech-in-noise.wav');
    expect(source).toMatchObject({
      kind: 'audio',
      live: false,
      rateHz: 16_000,
      width: 1,
      names: ['channel1'],
      seconds: 12,
    });
    expect((await drain(source)).rows.length).toBe(192_000);
  });

  it('comes raw through a pipe, in pieces that cut samples in two', async () => {
    const samples = Int16Array.from({ length: 600 }, (_, i) => i * 50 - 15_000);
    const bytes = Buffer.from(samples.buffer);
    const pieces = Array.from({ length: 100 }, (_, i) => bytes.subarray(i * 13, (i + 1) * 13));
    const source = await openSource('-', { rateHz: 8000, width: 2, stdin: Readable.from(pieces) });
    expect(source).toMatchObject({ kind: 'audio', live: true, rateHz: 8000, width: 2 });
    expect((await drain(source)).rows).toEqual([...samples].map((v) => v / 32_768));
  });

  it('that a pipe cuts off in the middle of a row ends with a faulty row', async () => {
    const bytes = Buffer.from(Float32Array.of(0.25, 0.5, 0.75).buffer).subarray(0, 11);
    const source = await openSource('-', { rateHz: 8000, encoding: 'f32le', stdin: Readable.from([bytes]) });
    const { rows, blocks } = await drain(source);
    expect(rows).toEqual([0.25, 0.5, Number.NaN]);
    expect(blocks.at(-1)!.faults).toEqual([{ row: 0, column: 'channel1', text: 'the input ends after 3 of 4 bytes' }]);
  });

  it('through a pipe needs a rate, and ends quietly when closed while waiting', async () => {
    await expect(openSource('-')).rejects.toMatchObject({
      code: 'ERR_USAGE',
      expected: expect.stringMatching(/--rate/),
    });
    const stdin = new PassThrough();
    const source = await openSource('-', { rateHz: 8000, stdin });
    const all = drain(source);
    stdin.write(Buffer.alloc(4));
    setImmediate(() => source.close());
    expect((await all).rows).toEqual([0, 0]);
  });
});

describe('CSV as a source', () => {
  it('is the bundled sensor: the date found, four columns, one row a day', async () => {
    const source = await openSource('assets/sensor.csv');
    expect(source).toMatchObject({
      kind: 'sensor',
      width: 4,
      names: ['temp_max', 'temp_min', 'wind', 'precipitation'],
    });
    expect(source.rateHz * 86_400).toBeCloseTo(1, 9);
    const { rows, times, blocks } = await drain(source);
    expect(rows.length).toBe(4 * 1461);
    expect(rows.slice(0, 4)).toEqual([12.8, 5, 4.7, 0].map(Math.fround));
    expect([times[0], times[1460]]).toEqual([Date.UTC(2012, 0, 1) * 1000, Date.UTC(2015, 11, 31) * 1000]);
    expect(blocks.flatMap((b) => b.faults ?? [])).toEqual([]);
    expect((await drain(source)).rows).toEqual(rows);
  });

  it('reads the same gzipped, in pieces, and through a pipe', async () => {
    const text = `time,a,b\n${Array.from({ length: 60_000 }, (_, i) => `${1.7e9 + i},${i},${-i / 2}`).join('\n')}`;
    const plain = await drain(await openText(text));
    expect(plain.blocks.length).toBeGreaterThan(5);
    expect(plain.rows).toEqual(Array.from({ length: 60_000 }, (_, i) => [i, -i / 2 + 0]).flat());
    expect(plain.times[59_999]).toBe((1.7e9 + 59_999) * 1e6);
    const zipped = await drain(await openText(gzipSync(text), {}, 'data.bin'));
    expect(zipped.rows).toEqual(plain.rows);
    const stdin = Readable.from(text.match(/[\s\S]{1,1000}/g)!.map((piece) => Buffer.from(piece)));
    const piped = await openSource('-', { encoding: 'csv', stdin });
    expect(piped).toMatchObject({ live: true, rateHz: 1, names: ['a', 'b'] });
    expect((await drain(piped)).rows).toEqual(plain.rows);
  });

  it('keeps holes as NaN, declares faulty rows, and goes on', async () => {
    const source = await openText(
      'at,x\n2024-01-01T00:00Z,1\n2024-01-01T00:01Z,\n2024-01-01T00:02Z,oops\n2024-01-01T00:03Z,4\n',
    );
    const { rows, times, blocks } = await drain(source);
    expect(rows).toEqual([1, Number.NaN, Number.NaN, 4]);
    expect(blocks[0]!.faults).toEqual([{ row: 2, column: 'x', text: 'oops' }]);
    expect(times[3]! - times[0]!).toBe(180e6);
  });

  it('leaves columns of words out, and takes only those asked for', async () => {
    const text =
      'day,"wind, m/s",sky,temp\n2024-01-01,1,"dull, ""grey""",5\n2024-01-02,2,clear\n2024-01-03,3,"two\nlines",7\n';
    const source = await openText(text);
    expect(source.names).toEqual(['wind, m/s', 'temp']);
    const { rows, blocks } = await drain(source);
    expect(rows).toEqual([1, 5, Number.NaN, Number.NaN, 3, 7]);
    expect(blocks[0]!.faults).toMatchObject([{ row: 1, text: expect.stringContaining('2024-01-02,2,clear') }]);
    const one = await openText(text, { columns: ['temp'], timeColumn: '' });
    expect(one.names).toEqual(['temp']);
    const bare = await drain(one);
    expect(bare.blocks[0]!.times).toBeUndefined();
    expect(bare.rows.filter((v) => !Number.isNaN(v))).toEqual([5, 7]);
  });

  it.each([
    ['timestamp,v\n1700000000,1\n1700000060,2\n', 1.7e15, 1 / 60],
    ['timestamp,v\n1700000000000,1\n1700000000100,2\n', 1.7e15, 10],
    ['t_ms,v\n0,1\n20,2\n', 0, 50],
    ['t,v\n0,1\n0.5,2\n', 0, 2],
    ['v,timestamp\n1,2024-01-01 00:00:00\n2,2024-01-01 01:00:00\n', Date.UTC(2024, 0, 1) * 1000, 1 / 3600],
  ])('finds the time and its unit in %j', async (text, firstUs, rateHz) => {
    const source = await openText(text);
    expect(source.names).toEqual(['v']);
    expect(source.rateHz).toBeCloseTo(rateHz, 9);
    const { times, rows } = await drain(source);
    expect(times[0]).toBe(firstUs);
    expect(rows).toEqual([1, 2]);
  });

  it('needs no header and no time', async () => {
    const source = await openText('1,2\n3,4\n');
    expect(source).toMatchObject({ names: ['column1', 'column2'], rateHz: 0 });
    expect((await drain(source)).rows).toEqual([1, 2, 3, 4]);
  });

  it.each([
    ['nothing', '', /nothing in/],
    ['words only', 'a,b\nx,y\n', /no column holds numbers/],
    ['semicolons', 'a;b\n1;2\n', /semicolons/],
    ['latin-1', Buffer.from('a,b\n1,\xe9\n', 'latin1'), /UTF-8/],
    ['broken gzip', gzipSync('a,b\n1,2\n'.repeat(1000)).subarray(0, 20), /gzip/],
  ])('says what is wrong with %s', async (_, bytes, words) => {
    const error = {
      code: 'ERR_FILE_NOT_CSV',
      message: expect.stringMatching(words),
      expected: expect.stringMatching(/./),
    };
    await expect(openText(bytes)).rejects.toMatchObject(error);
  });

  it('names the columns there are when asked for another', async () => {
    const opening = openText('a,b\n1,2\n', { columns: ['c'] });
    await expect(opening).rejects.toMatchObject({ code: 'ERR_USAGE', expected: 'one of: a, b' });
  });

  it('refuses a line without end instead of keeping it', async () => {
    const endless = async () => drain(await openText(`a,b\n1,2\n${'9'.repeat(2 * 1024 * 1024)}`));
    await expect(endless()).rejects.toMatchObject({
      code: 'ERR_FILE_NOT_CSV',
      message: expect.stringMatching(/a line of/),
    });
  });
});

describe('other sources', () => {
  it('cpu: the load and the loop delay of this machine, on a steady grid, until closed', async () => {
    const source = await openSource('cpu', { periodMs: 50 });
    expect(source).toMatchObject({ live: true, rateHz: 20, width: 2, names: ['cpu_percent', 'event_loop_delay_ms'] });
    const seen: SourceBlock[] = [];
    let rows = 0;
    for await (const block of source.blocks()) {
      seen.push(block);
      rows += 1 + (block.lostBefore ?? 0);
      expect(block.rows[0]).toBeGreaterThanOrEqual(0);
      expect(block.rows[0]).toBeLessThanOrEqual(100);
      expect(block.rows[1]).toBeGreaterThanOrEqual(0);
      expect(block.times![0]! - seen[0]!.times![0]!).toBeCloseTo((rows - 1 - (seen[0]!.lostBefore ?? 0)) * 50_000, 3);
      if (seen.length === 3) {
        const until = Date.now() + 260; // hold the loop: at least four periods pass unseen
        while (Date.now() < until);
      }
      if (seen.length === 5) setImmediate(() => source.close());
    }
    expect(seen.length).toBeGreaterThanOrEqual(5);
    expect(seen[3]!.lostBefore).toBeGreaterThanOrEqual(4);
    expect(Math.max(...seen.slice(3, 5).map((b) => b.rows[1]!))).toBeGreaterThan(200);
    await expect(openSource('cpu', { periodMs: 10 })).rejects.toMatchObject({ code: 'ERR_USAGE' });
  });

  it('a path that leads nowhere, a text that is no CSV and a song that is none say so', async () => {
    const missing = { code: 'ERR_FILE_NOT_FOUND', expected: expect.stringMatching(/mic, or cpu/) };
    await expect(openSource(join(folder, 'none'))).rejects.toMatchObject(missing);
    await expect(openSource(folder)).rejects.toMatchObject({ code: 'ERR_FILE_NOT_AUDIO' });
    await writeFile(join(folder, 'song.flac'), await readFile('assets/sensor.csv'));
    await expect(openSource(join(folder, 'song.flac'))).rejects.toMatchObject({ code: 'ERR_FILE_NOT_AUDIO' });
  });
});
