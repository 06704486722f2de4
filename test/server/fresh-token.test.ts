// A client whose token expires, through `millrace serve` as it is set up: JWTs, tickets, the setting that keeps streams open. The
// wall clock is the test's own, and jose's, the server's and the store's with it.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { startServer } from '../../src/app/commands/serve.ts';
import type { GuardFlags } from '../../src/app/serve/open-guard.ts';
import { type ConnectOptions, connect, type ResultMessage } from '../../src/client/index.ts';
import { until } from './resumable.ts';

const SECRET = 's'.repeat(32);
const NOW = 1_800_000_000_000;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-fresh-'));
  await writeFile(join(folder, 'secret'), SECRET);
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Good for a minute. */
const sign = (): Promise<string> =>
  new SignJWT({ tenant: 'acme' })
    .setProtectedHeader({ alg: 'HS256' })
    .setAudience('millrace')
    .setExpirationTime(new Date(Date.now() + 60_000))
    .sign(new TextEncoder().encode(SECRET));
const pass = (ms: number): void => void vi.setSystemTime(Date.now() + ms);

async function serve(more: GuardFlags = {}) {
  const guard = { jwtKeys: join(folder, 'secret'), jwtAudience: 'millrace', ...more };
  const server = await startServer({ host: '127.0.0.1', port: 0, warm: [], guard });
  onTestFinished(() => server.close());
  return `127.0.0.1:${server.port}`;
}

function open(at: string, more: Partial<ConnectOptions>) {
  const results: ResultMessage[] = [];
  const states: string[] = [];
  const client = connect(`ws://${at}/v1/stream`, {
    pipeline: 'forecast',
    format: { encoding: 'csv', fields: ['a'] },
    resume: true,
    ackMs: 20,
    random: () => 0.01,
    onResult: (message) => results.push(message),
    onState: (state) => states.push(state),
    ...more,
  });
  onTestFinished(() => client.abort());
  return { client, results, states };
}
const rows = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `${(from + i) % 7}\n`).join('');

describe('a client that asks for its token before each connection', () => {
  it('goes on with a fresh one: one stream, one digest', async () => {
    const at = await serve();
    const whole = open(at, { token: await sign() });
    await whole.client.send(rows(0, 200));
    const { digest } = await whole.client.end();
    const token = vi.fn(sign);
    const { client, results, states } = open(at, { token });
    await client.send(rows(0, 100));
    await until(() => results.length > 0);
    for (let times = 1; times <= 2; times++) {
      pass(66_000);
      await until(() => token.mock.calls.length > times && client.state === 'open');
      await client.send(rows(50 + 50 * times, 100 + 50 * times));
    }
    expect(await client.end()).toMatchObject({ offset: 200, digest });
    expect(token).toHaveBeenCalledTimes(3);
    expect(results.map(({ seq }) => seq)).toEqual(whole.results.map(({ seq }) => seq));
    expect(states).toEqual(['open', 'lost', 'open', 'lost', 'open', 'ended']);
  });

  it('so does one with tickets, whose streams last no longer than the token that bought them', async () => {
    const at = await serve();
    const ticket = vi.fn(async () => {
      const headers = { authorization: `Bearer ${await sign()}` };
      const answer = await fetch(`http://${at}/v1/tickets`, { method: 'POST', headers });
      return ((await answer.json()) as { ticket: string }).ticket;
    });
    const { client } = open(at, { ticket });
    await client.send(rows(0, 10));
    pass(66_000);
    await until(() => ticket.mock.calls.length === 2 && client.state === 'open');
    await client.send(rows(10, 20));
    expect(await client.end()).toMatchObject({ offset: 20 });
  });

  it('tries again when there is no token to be had, and says so when there never is', async () => {
    const at = await serve();
    let tries = 0;
    const token = () => (++tries < 3 ? Promise.reject(new Error('offline')) : sign());
    const { client } = open(at, { token });
    await client.send(rows(0, 10));
    expect(await client.end()).toMatchObject({ offset: 10 });
    const never = open(at, { resume: undefined, token: () => Promise.reject(new Error('offline')) } as never);
    await expect(never.client.ready).rejects.toMatchObject({ message: 'no token or ticket to connect with' });
  });
});

describe('a client of another server', () => {
  it('has its last words when its key expires', async () => {
    const at = await serve();
    const address = `ws://${at}/compat/deepgram/v1/listen?encoding=linear16&sample_rate=16000`;
    const socket = new WebSocket(address, { headers: { authorization: `Token ${await sign()}` } });
    const said: { type: string; duration?: number }[] = [];
    socket.on('message', (data) => said.push(JSON.parse(String(data))));
    const closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve([code, String(reason)]));
    });
    await new Promise((resolve) => socket.on('open', resolve));
    socket.send(new Uint8Array(32_000));
    // A pong says that the audio has been read.
    await new Promise((resolve) => {
      socket.on('pong', resolve);
      socket.ping();
    });
    pass(66_000);
    expect(await closed).toEqual([4401, 'ERR_TOKEN_EXPIRED']);
    expect(said.at(-1)).toMatchObject({ type: 'Metadata', duration: 1 });
    expect(said.every(({ type }) => type !== 'Error')).toBe(true);
  });
});

describe('a client with one token for good', () => {
  it('is told that it has expired', async () => {
    const at = await serve();
    const { client, states } = open(at, { token: await sign() });
    await client.send(rows(0, 10));
    pass(64_000); // within the leeway for clocks
    await client.send(rows(10, 20));
    await until(() => client.lag.rows === 0);
    expect(states).toEqual(['open']);
    pass(2000);
    await expect(client.ended).rejects.toMatchObject({ code: 'ERR_TOKEN_EXPIRED' });
  });

  it('stays where that is wanted', async () => {
    const at = await serve({ jwtExpired: 'keep' });
    const { client } = open(at, { token: await sign() });
    await client.send(rows(0, 10));
    pass(3_600_000);
    await client.send(rows(10, 20));
    expect(await client.end()).toMatchObject({ offset: 20 });
  });
});
