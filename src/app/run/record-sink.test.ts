import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { micros } from '../../base/units.ts';
import type { Gap, ResultItem } from '../../item/item.ts';
import type { Output } from '../../session/session-options.ts';
import { recordLines } from './record-lines.ts';
import { createRecordSink, isBegun, openRecordSink } from './record-sink.ts';
import { resultCsv } from './result-csv.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-sink-'));
});
afterAll(() => rm(folder, { recursive: true }));

const output = (item: ResultItem | Gap, seq = 0): Output => ({
  seq: item.kind === 'gap' ? -1 : seq,
  item,
  latencyUs: 0,
});
const reading = (hop: number, values: Record<string, number> = { speech: 0.5 }, name = 'vad') =>
  output({ kind: 'detection', name, from: 160 * hop, to: 160 * (hop + 1), pts: micros(0), values }, hop);
const gap = (from: number, to: number, why: Gap['why'] = 'lost') =>
  output({ kind: 'gap', from, to, pts: micros(0), why });
const summary = { offset: 320, results: 2, gaps: 0, digest: 'sha256:00' };

describe('the record sink', () => {
  it('writes whole lines, and the end only of a stream that ended', async () => {
    const path = join(folder, 'two.jsonl');
    const sink = openRecordSink(path, recordLines);
    sink.write(reading(0));
    await sink.drained();
    sink.write(gap(160, 320));
    await sink.end();
    expect(isBegun(path)).toBe(true);
    const more = openRecordSink(path, recordLines, { append: true });
    await more.end(summary);
    const text = await readFile(path, 'utf8');
    expect(text).toMatch(
      /^{"type":"result","seq":0,"op":"vad","from":0,"to":160,"final":true,"data":{"speech":0.5}}\n/,
    );
    const lines = text.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).type)).toEqual(['result', 'gap', 'end']);
  });

  it('holds its writer back for as long as the reader is behind', async () => {
    const waiting: (() => void)[] = [];
    let taken = 0;
    const slow = new Writable({
      highWaterMark: 100,
      write(chunk: Buffer, _encoding, done) {
        waiting.push(() => {
          taken += chunk.length;
          done();
        });
      },
    });
    const sink = createRecordSink(slow, recordLines, { prompt: true });
    for (let i = 0; i < 5; i++) sink.write(reading(i));
    let caughtUp = false;
    const drained = sink.drained().then(() => {
      caughtUp = true;
    });
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect(caughtUp).toBe(false);
    expect(waiting).toHaveLength(1); // five lines in one write
    waiting[0]!();
    await drained;
    expect(taken).toBeGreaterThan(400);
    await sink.drained(); // nothing is waited for twice
  });

  it('says that it has no line for a result when it is waited for or ended, and never to who writes', async () => {
    const path = join(folder, 'kinds.csv');
    const sink = openRecordSink(path, resultCsv([], true));
    sink.write(reading(0));
    sink.write(reading(1, { peak: 1 }, 'vad.start'));
    sink.write(reading(2));
    await expect(sink.drained()).rejects.toMatchObject({ code: 'ERR_USAGE', expected: '--out results.jsonl' });
    await expect(sink.end()).rejects.toMatchObject({ code: 'ERR_USAGE' });
    expect(await readFile(path, 'utf8')).toBe('from,to,gap,speech\n0,160,,0.5\n');
  });

  it('says what it cannot write to, whether it is waited for or ended', async () => {
    const cannot = { code: 'ERR_OUTPUT_FAILED', message: expect.stringContaining('cannot write') };
    const nowhere = openRecordSink(join(folder, 'no', 'x.jsonl'), recordLines);
    nowhere.write(reading(0));
    await expect(nowhere.end(summary)).rejects.toMatchObject(cannot);
    const full = openRecordSink('/dev/full', recordLines);
    for (let i = 0; i < 1000; i++) full.write(reading(i));
    await expect(full.drained()).rejects.toMatchObject(cannot);
    await expect(full.end()).rejects.toMatchObject(cannot);
  });
});

describe('results as CSV', () => {
  const lines = (format: ReturnType<typeof resultCsv>, outputs: readonly Output[]) => outputs.map(format.line).join('');

  it('are a table with a column per value; gaps have a line with their cause', () => {
    const csv = lines(resultCsv(['channel1'], true), [
      gap(0, 100),
      gap(100, 160),
      reading(1, { speech: Math.fround(0.97), noise: Number.NaN }),
      gap(320, 480, 'fault'),
    ]);
    expect(csv).toBe('from,to,gap,speech,noise\n0,160,lost,,\n160,320,,0.97,\n320,480,fault,,\n');
    expect(lines(resultCsv(['channel1'], false), [reading(1)])).toBe('160,320,,0.5\n');
  });

  it('of forecasts name horizon and band, with names that need quotes quoted', () => {
    const f = (...values: number[]) => Float32Array.from(values);
    const forecast = output({
      kind: 'forecast',
      from: 7,
      to: 8,
      pts: micros(0),
      width: 2,
      horizons: Uint32Array.of(1, 24),
      mean: f(1, 2, 3, 4),
      lower: f(0, 1, 2, 3),
      upper: f(2, 3, 4, 5),
      anomaly: f(0.25, Number.NaN),
    });
    const [head, row] = lines(resultCsv(['a', 'b,c'], true), [forecast]).split('\n');
    expect(head).toBe(
      'from,to,gap,a_anomaly,"b,c_anomaly",a+1,a+1_lower,a+1_upper,"b,c+1","b,c+1_lower","b,c+1_upper",' +
        'a+24,a+24_lower,a+24_upper,"b,c+24","b,c+24_lower","b,c+24_upper"',
    );
    expect(row).toBe('7,8,,0.25,,1,0,2,2,1,3,3,2,4,4,3,5');
  });

  it('of two kinds are refused, and so is audio', () => {
    const usage = expect.objectContaining({ code: 'ERR_USAGE', expected: '--out results.jsonl' });
    const two = resultCsv(['channel1'], true);
    two.line(reading(0));
    expect(() => two.line(reading(1, { start: 1 }, 'segment'))).toThrow(usage);
    const audio: ResultItem = {
      kind: 'chunk',
      from: 0,
      to: 1,
      pts: micros(0),
      rows: 1,
      width: 1,
      data: new Float32Array(1),
    };
    expect(() => resultCsv([], true).line(output(audio))).toThrow(usage);
  });
});
