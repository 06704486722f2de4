// Clients that are not ours get the right results: the Python example, run as a user would run it, and a script that a
// newcomer wrote from docs/protocol.md alone (docs/examples/raw-client.mjs). Right means the digest that this package's own client gets.

import { execFile, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type RunningServer, startServer } from '../../src/app/commands/serve.ts';
import { connect } from '../../src/client/index.ts';
import type { EndMessage } from '../../src/wire/messages.ts';
import { ROOT } from '../arch/imports.ts';
import { cutProxy } from '../helpers/cut-proxy.ts';

const run = promisify(execFile);
const RECORDING = join(ROOT, 'assets/speech-in-noise.wav');
const WAV_HEADER_BYTES = 44;
const NO_PYTHON = 'NOT RUN, needs python3 with websockets (pip install websockets): ';
const python = ['python3', 'python'].find((name) => spawnSync(name, ['-c', 'import websockets.asyncio']).status === 0);
if (!python) console.warn(`${NO_PYTHON}docs/examples/client.py`);

let server: RunningServer;
/** What our own client gets: without a gap, and with rows 48,000 to 49,600 declared missing. */
let whole: EndMessage;
let gapped: EndMessage;
let url: string;
beforeAll(async () => {
  server = await startServer({ host: '127.0.0.1', port: 0 });
  url = `ws://127.0.0.1:${server.port}/v1/stream`;
  const samples = new Int16Array(readFileSync(RECORDING).buffer.slice(WAV_HEADER_BYTES));
  const format = { encoding: 'pcm_s16le', rate: 16_000, channels: 1 } as const;
  const first = connect(url, { pipeline: 'vad', format });
  await first.send(samples);
  whole = await first.end();
  const second = connect(url, { pipeline: 'vad', format });
  await second.send(samples.subarray(0, 48_000));
  await second.gap(1600);
  await second.send(samples.subarray(49_600));
  gapped = await second.end();
});
afterAll(() => server.close());

/** What a client printed: a message a line. */
const lines = (out: string) =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; seq?: number });

/** Every result once, in order, and the end that our own client got. */
function expectRight(printed: ReturnType<typeof lines>, undisturbed: EndMessage): void {
  expect(printed.at(-1)).toEqual(undisturbed);
  const results = printed.filter(({ type }) => type === 'result');
  expect(results).toHaveLength(undisturbed.results);
  expect(results.every(({ seq }, i) => seq === i)).toBe(true);
}

describe('docs/examples/client.py', () => {
  it.skipIf(!python)(
    python ? 'gets every result, and the digest' : `${NO_PYTHON}every result, and the digest`,
    async () => {
      const { stdout } = await run(python!, ['docs/examples/client.py', RECORDING, url], { cwd: ROOT });
      expectRight(lines(stdout), whole);
    },
  );

  it.skipIf(!python)(python ? 'shows a token to a server that asks for one' : `${NO_PYTHON}a token`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const token = 'a-token-of-some-length-for-the-example';
    writeFileSync(join(folder, 'tokens.txt'), `acme ${token}\n`, { mode: 0o600 });
    const asking = await startServer({ host: '127.0.0.1', port: 0, guard: { tokens: join(folder, 'tokens.txt') } });
    onTestFinished(() => asking.close());
    const talk = (env: NodeJS.ProcessEnv) =>
      run(python!, ['docs/examples/client.py', RECORDING, `ws://127.0.0.1:${asking.port}/v1/stream`], {
        cwd: ROOT,
        env: { ...process.env, ...env },
      });
    expectRight(lines((await talk({ MILLRACE_TOKEN: token })).stdout), whole);
    await expect(talk({})).rejects.toThrow(/401/);
  });
});

describe('a client written from docs/protocol.md alone', () => {
  const newcomer = (...args: string[]) => run(process.execPath, [join(ROOT, 'docs/examples/raw-client.mjs'), ...args]);

  it('gets every result, and the digest', async () => {
    expectRight(lines((await newcomer(url, RECORDING)).stdout), gapped);
  });

  it('goes on with a resumable stream when its connection is cut, and gets the same', async () => {
    const proxy = await cutProxy(server.port, [60_000, 90_000, 2000, 120_000]);
    onTestFinished(() => proxy.close());
    expectRight(lines((await newcomer(`ws://127.0.0.1:${proxy.port}/v1/stream`, RECORDING, 'resume')).stdout), gapped);
    expect(proxy.cuts).toBe(4);
  });
});
