// The command line and the server as a user meets them: compiled, in their own processes.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../src/client/index.ts';
import { decodeAudioFile } from '../../src/transport/audio/decode.ts';
import { ROOT } from '../arch/imports.ts';
import { digestOf, millrace, RECORDING, serve } from '../helpers/command.ts';

const WEATHER = join(ROOT, 'assets/sensor.csv');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('millrace run', () => {
  it('says where speech is, in about the right places', async () => {
    const { code, out } = await millrace(['run', 'vad', '--in', RECORDING]);
    expect(code).toBe(0);
    const truth = JSON.parse(await readFile(RECORDING.replace('.wav', '.json'), 'utf8')) as [number, number][];
    const starts = [...out.matchAll(/0:(\d\d\.\d\d) {2}speech starts/g)].map(([, s]) => Number(s));
    for (const [start] of truth) expect(Math.min(...starts.map((s) => Math.abs(s - start)))).toBeLessThan(0.3);
  });

  it('stops, saves its state, and goes on in another process with the same digest', async () => {
    const whole = await millrace(['run', 'vad', '--in', RECORDING]);
    const state = join(folder, 'state.bin');
    const first = await millrace(['run', 'vad', '--in', RECORDING, '--rows', '77777', '--save-state', state]);
    expect(first.code).toBe(0);
    const second = await millrace(['run', 'vad', '--in', RECORDING, '--resume', state]);
    expect(digestOf(second)).toBe(digestOf(whole));
    expect(digestOf(first)).not.toBe(digestOf(whole));
  });

  it('does the same for a sensor', async () => {
    const run = (...more: string[]) => millrace(['run', 'forecast', '--in', WEATHER, '--set', 'horizon=3', ...more]);
    const state = join(folder, 'weather.bin');
    const whole = digestOf(await run());
    expect(digestOf(await run('--rows', '700', '--save-state', state))).not.toBe(whole);
    expect(digestOf(await run('--resume', state))).toBe(whole);
  });

  it('refuses a state of another model', async () => {
    const state = join(folder, 'state.bin');
    await millrace(['run', 'vad', '--in', RECORDING, '--rows', '1600', '--save-state', state]);
    const { code, err } = await millrace(['run', 'vad', '--cell', 'attention', '--in', RECORDING, '--resume', state]);
    expect(code).toBe(1);
    expect(err).toContain('ERR_STATE_MODEL');
  });

  it('reads raw samples from stdin and prints records that cover every sample', async () => {
    const wav = await readFile(RECORDING);
    const pcm = wav.subarray(44, 44 + 2 * 16_100);
    const { code, out } = await millrace(['run', 'vad', '--in', '-', '--rate', '16000', '--json'], pcm);
    expect(code).toBe(0);
    const records = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const results = records.filter(({ type }) => type === 'result');
    expect(results).toHaveLength(101);
    expect(results[100]).toMatchObject({ op: 'vad', from: 16_000, to: 16_100 });
    expect(results[100].data.speech).toBeGreaterThanOrEqual(0);
    expect(records.at(-1)).toMatchObject({ type: 'end', offset: 16_100, results: 101, gaps: 0 });
  });

  it('draws a picture and compares the twins', async () => {
    const file = join(folder, 'vad.svg');
    expect((await millrace(['run', 'vad', '--in', RECORDING, '--picture', file])).code).toBe(0);
    expect(await readFile(file, 'utf8')).toMatch(/^<svg[\s\S]*speech probability[\s\S]*<\/svg>\s*$/);
    const { out } = await millrace(['run', 'vad', '--in', RECORDING, '--compare']);
    expect(out).toMatch(/attention, full to 6000/);
    expect(out).toMatch(/same decision on [\d.]+ % of hops/);
  });
});

describe('bad input on the command line', () => {
  const csv = (name: string) => join(folder, name);
  it.each([
    [['run', 'nope', '--in', RECORDING], 1, 'ERR_PIPELINE_UNKNOWN', 'vad'],
    [['run', 'vad', '--in', 'no-such.wav'], 1, 'ERR_FILE_NOT_FOUND', ''],
    [['run', 'vad', '--in', 'package.json'], 1, 'ERR_FI', ''],
    [['run', 'vad', '--in', '-'], 2, 'ERR_USAGE', '--rate'],
    [['run', 'vad', '--in', 'assets/sensor.csv'], 1, 'ERR_FORMAT_UNSUPPORTED', 'audio file'],
    [['run', 'forecast', '--in', RECORDING], 1, 'ERR_FORMAT_UNSUPPORTED', 'CSV'],
    [['run', 'vad', '--in', RECORDING, '--cell', 'rnn'], 1, 'ERR_OPTION_INVALID', 'ssm, attention'],
    [['run', 'vad', '--in', RECORDING, '--set', 'nonsense'], 2, 'ERR_USAGE', 'name=value'],
    [['run', 'vad'], 2, "required option '--in", ''],
    [['frobnicate'], 2, 'unknown command', ''],
  ])('millrace %j exits %i with %s', async (args, code, name, expected) => {
    const finished = await millrace(args);
    expect(finished.err).toContain(name);
    expect(finished.err).toContain(expected);
    expect(finished.code).toBe(code);
  });

  it('an odd number of bytes on stdin: the whole samples are answered, the broken one is declared and named', async () => {
    const { code, out, err } = await millrace(
      ['run', 'vad', '--in', '-', '--rate', '16000', '--json'],
      new Uint8Array(641),
    );
    expect(err).toContain('ERR_PARTIAL_SAMPLE');
    expect(code).toBe(0);
    expect(out).toContain('"from":160,"to":320');
    expect(JSON.parse(out.trim().split('\n').at(-1)!)).toMatchObject({ offset: 321, results: 2, gaps: 1 });
  });

  it('NaN and Infinity in raw samples become a declared gap and a warning', async () => {
    const samples = new Float32Array(480).fill(0.1);
    samples[200] = Number.NaN;
    samples[201] = Number.POSITIVE_INFINITY;
    const args = ['run', 'vad', '--in', '-', '--rate', '16000', '--encoding', 'f32le', '--json'];
    const { code, out, err } = await millrace(args, new Uint8Array(samples.buffer));
    expect(code).toBe(0);
    expect(err).toMatch(/ERR_NON_FINITE_INPUT: 2 rows/);
    expect(out).toContain('{"type":"gap","from":160,"to":320,"why":"fault"}');
  });

  it('a CSV with holes and bad numbers loses only the bad rows, and says which', async () => {
    await writeFile(csv('holes.csv'), 'time,a,b\n1,1.0,2.0\n2,,3.0\n3,oops,4.0\n4,1.5,NaN\n5,2.0,5.0\n');
    const { code, out, err } = await millrace([
      'run',
      'forecast',
      '--in',
      csv('holes.csv'),
      '--columns',
      'a,b',
      '--json',
    ]);
    expect(code).toBe(0);
    const records = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(records.filter(({ type }) => type === 'gap')).toEqual([{ type: 'gap', from: 2, to: 3, why: 'fault' }]);
    expect(records.at(-1)).toMatchObject({ offset: 5, results: 4, gaps: 1 });
    expect(err).toMatch(/ERR_ROW_MALFORMED: row 2, column a: "oops"/);
  });
});

describe('millrace serve', () => {
  it('gives the digest that run gives, over JSON and protobuf, and drains on SIGTERM', async () => {
    const alone = digestOf(await millrace(['run', 'vad', '--in', RECORDING]));
    const server = await serve();
    const audio = await decodeAudioFile(RECORDING);
    for (const protocol of ['json', 'pb'] as const) {
      const client = connect(server.url, {
        pipeline: 'vad',
        protocol,
        format: { encoding: 'f32le', rate: audio.rateHz, channels: audio.width },
      });
      for await (const block of audio.blocks()) await client.send(block);
      expect((await client.end()).digest).toBe(alone);
    }
    const asServed = ['--set', 'season=24', '--set', 'horizon=24']; // without them `run` finds its own in the file
    const weather = digestOf(await millrace(['run', 'forecast', '--in', WEATHER, ...asServed]));
    const [header, ...lines] = (await readFile(WEATHER, 'utf8')).trim().split('\n');
    const sensor = connect(server.url, {
      pipeline: 'forecast',
      format: { encoding: 'csv', fields: header!.split(','), time: 'date', time_unit: 'iso' },
    });
    await sensor.send(`${lines.join('\n')}\n`);
    expect((await sensor.end()).digest).toBe(weather);
    expect(await (await fetch(`${server.http}/healthz`)).json()).toMatchObject({ status: 'ok' });
    const { pipelines } = (await (await fetch(`${server.http}/v1/pipelines`)).json()) as {
      pipelines: { name: string }[];
    };
    expect(pipelines.map(({ name }) => name)).toEqual(expect.arrayContaining(['forecast', 'vad']));
    const { code, out } = await server.stop();
    expect(out).toContain('drained');
    expect(code).toBe(0);
  });

  it('shares a port among workers, each stream with the same digest, and drains them all', async () => {
    const alone = digestOf(await millrace(['run', 'vad', '--in', RECORDING]));
    const server = await serve('--workers', '2');
    const audio = await decodeAudioFile(RECORDING);
    const streams = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const format = { encoding: 'f32le', rate: audio.rateHz, channels: audio.width } as const;
        const client = connect(server.url, { pipeline: 'vad', format });
        for await (const block of audio.blocks()) await client.send(block);
        return (await client.end()).digest;
      }),
    );
    expect(new Set(streams)).toEqual(new Set([alone]));
    const { code, out } = await server.stop();
    expect(out.match(/drained/g)).toHaveLength(2);
    expect(code).toBe(0);
  });

  it('says that its port is taken', async () => {
    const server = await serve();
    const port = new URL(server.http).port;
    for (const workers of ['1', '2']) {
      const { code, err } = await millrace(['serve', '--port', port, '--workers', workers]);
      expect(err).toContain('ERR_PORT_IN_USE');
      expect(code).toBe(1);
    }
    await server.stop();
  });

  it('never takes a path for a pipeline name', async () => {
    const server = await serve();
    const client = connect(server.url, {
      pipeline: '../pipelines/vad.js',
      format: { encoding: 'pcm_s16le', rate: 16_000, channels: 1 },
    });
    await expect(client.ready).rejects.toMatchObject({ code: 'ERR_PIPELINE_UNKNOWN' });
    await server.stop();
  });
});
