// Long recordings on the command line: broken off by Ctrl-C and gone on with, written as records and as CSV.

import { execFileSync, spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../arch/imports.ts';
import { digestOf, millrace, RECORDING } from '../helpers/command.ts';

const SECONDS = 240; // of which the results are more than pipe and buffers hold, also as CSV
let folder: string;
let long: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-whole-'));
  long = join(folder, 'long.wav');
  const once = await readFile(RECORDING);
  const wav = Buffer.alloc(44 + 32_000 * SECONDS, once.subarray(44));
  once.copy(wav, 0, 0, 44);
  wav.writeUInt32LE(wav.length - 8, 4);
  wav.writeUInt32LE(wav.length - 44, 40);
  await writeFile(long, wav);
});
afterAll(() => rm(folder, { recursive: true }));

function start(args: readonly string[]) {
  const child = spawn(process.execPath, [join(ROOT, 'dist/src/app/main.js'), ...args], { cwd: ROOT });
  let err = '';
  child.stdout.resume();
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const closed = new Promise<{ code: number | null; err: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, err })),
  );
  return { child, closed };
}

/**
 * A run that writes into a pipe whose reader stops reading, and gets a signal there: it must be in the middle, since it may
 * not read on. Then the reader takes the rest.
 */
async function breakOff(args: readonly string[], pipe: string, name: NodeJS.Signals) {
  execFileSync('mkfifo', [pipe]);
  const { child, closed } = start([...args, '--out', pipe]);
  const reader = createReadStream(pipe, 'utf8');
  const bytes = reader[Symbol.asyncIterator]();
  let kept = (await bytes.next()).value as string;
  child.kill(name);
  for (let piece = await bytes.next(); !piece.done; piece = await bytes.next()) kept += piece.value;
  return { ...(await closed), kept };
}

describe('a run that is broken off', () => {
  it.each([
    ['SIGINT', 130, 'jsonl'],
    ['SIGTERM', 143, 'csv'],
  ] as const)('by %s exits with %i, keeps what was done, and goes on to the same file', async (name, code, kind) => {
    const [whole, pipe, parts, state] = ['whole', 'pipe', 'parts', 'state'].map((part) =>
      join(folder, `${part}.${kind}`),
    );
    const run = ['run', 'vad', '--in', long];
    const all = await millrace([...run, '--out', whole!]);
    const broken = await breakOff([...run, '--save-state', state!], pipe!, name);
    expect(broken.code).toBe(code);
    const said = /stopped at \d:\d\d, row (\d+); all (\d+) results so far are out; go on with --resume/.exec(
      broken.err,
    )!;
    expect(Number(said[1])).toBeLessThan(16_000 * SECONDS);
    expect(broken.kept.endsWith('\n')).toBe(true);
    expect(broken.kept.trim().split('\n')).toHaveLength(Number(said[2]) + (kind === 'csv' ? 1 : 0));
    await writeFile(parts!, broken.kept);
    const rest = await millrace([...run, '--resume', state!, '--out', parts!]);
    expect(rest.code).toBe(0);
    expect(digestOf(rest)).toBe(digestOf(all));
    expect(await readFile(parts!, 'utf8')).toBe(await readFile(whole!, 'utf8'));
  });

  it('while it waits for its standard input does the same', async () => {
    const pcm = (await readFile(RECORDING)).subarray(44);
    const [out, state] = [join(folder, 'stdin.jsonl'), join(folder, 'stdin.bin')];
    const args = ['run', 'vad', '--in', '-', '--rate', '16000', '--save-state', state, '--out', out];
    const { child, closed } = start(args);
    child.stdin.on('error', () => undefined); // it closes while we hold it open
    child.stdin.write(pcm.subarray(0, 64_000));
    while (child.exitCode === null && ((await stat(out).catch(() => undefined))?.size ?? 0) === 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    child.kill('SIGINT');
    expect((await closed).code).toBe(130);
    expect(await readFile(out, 'utf8')).not.toContain('"type":"end"');
    const rest = await millrace(['run', 'vad', '--in', RECORDING, '--resume', state]);
    expect(digestOf(rest)).toBe(digestOf(await millrace(['run', 'vad', '--in', RECORDING])));
  });
});

describe('a run', () => {
  it('writes CSV that says what the records say', async () => {
    const [records, table] = [join(folder, 'r.jsonl'), join(folder, 'r.csv')];
    await millrace(['run', 'vad', '--in', RECORDING, '--out', records]);
    await millrace(['run', 'vad', '--in', RECORDING, '--out', table]);
    const results = (await readFile(records, 'utf8')).trim().split('\n').slice(0, -1);
    const lines = results.map((line) => {
      const { from, to, data } = JSON.parse(line);
      return `${from},${to},,${data.speech}`;
    });
    expect((await readFile(table, 'utf8')).trim().split('\n')).toEqual(['from,to,gap,speech', ...lines]);
  });

  it('says nothing on stderr where nobody looks, and nothing but results when quiet', async () => {
    const loud = await millrace(['run', 'vad', '--in', long, '--rows', '800000', '--out', join(folder, 'q.jsonl')]);
    expect(loud.err).toBe('');
    expect(loud.out).toMatch(/x real time/);
    const quiet = await millrace(['run', 'vad', '--in', RECORDING, '--json', '--quiet']);
    expect(quiet.err).toBe('');
    expect(quiet.out.trim().split('\n')).toHaveLength(1201);
  });

  it('that cannot write says so', async () => {
    const { code, err } = await millrace(['run', 'vad', '--in', RECORDING, '--out', join(folder, 'no', 'x.jsonl')]);
    expect(err).toMatch(/ERR_OUTPUT_FAILED: cannot write .*x\.jsonl/);
    expect(code).toBe(1);
  });
});
