// Streams whose token runs out while they are open: what is told, in which order, and that nothing accepted is lost. The wall clock
// is the test's own. What the client of this package makes of it: fresh-token.test.ts.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { map } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { micros } from '../../src/base/units.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import { DEFAULT_LIMITS } from '../../src/transport/limits.ts';
import { type MemorySocket, memoryTransport } from '../../src/transport/memory/memory-transport.ts';
import type { StreamEvent } from '../../src/transport/serve-streams.ts';
import { wsTransport } from '../../src/transport/ws/ws-transport.ts';
import type { ServerMessage } from '../../src/wire/messages.ts';
import { attach, ROWS, rowsOf, until } from './resumable.ts';
import { openRaw, START, serveOn } from './test-server.ts';

const LIFE_MS = 60_000;

/** A server whose connections are good for a minute from when they came. */
async function serve() {
  let now = 1_800_000_000_000;
  const http = createServer();
  const events: StreamEvent[] = [];
  const gate = async () => ({ tenant: 'acme', untilMs: now + LIFE_MS, release: () => undefined });
  const transport = wsTransport({ server: http, messageBytesMax: DEFAULT_LIMITS.messageBytesMax, gate });
  const states = { store: memoryStore(), nowMs: () => now };
  const streams = serveOn(transport, { events, states });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    await streams.close();
    await new Promise((resolve) => http.close(resolve));
  });
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/v1/stream`,
    events,
    pass: (ms: number) => {
      now += ms;
    },
    /** What the log says of how streams ended. */
    codes: () => events.flatMap((event) => (event.event === 'closed' ? [event.error?.code] : [])),
  };
}
const seqs = (messages: readonly ServerMessage[]) =>
  messages.flatMap((message) => (message.type === 'result' ? [message.seq] : []));
const EXPIRED = { type: 'error', code: 'ERR_TOKEN_EXPIRED' };

async function undisturbed(url: string) {
  const client = await attach(url);
  client.sendRows(0, ROWS);
  client.send({ type: 'close' });
  return client.next('end');
}

describe('a stream whose token expires', () => {
  it('stays open until then', async () => {
    const { url, pass } = await serve();
    const client = await attach(url);
    pass(LIFE_MS);
    client.sendRows(0, 1600);
    await until(() => client.results().length === 10);
    client.send({ type: 'close' });
    expect((await client.closed).code).toBe(1000);
  });

  it('is stored if it is resumable, told, and goes on with a fresh one as if nothing had been', async () => {
    const { url, pass, codes } = await serve();
    const { digest } = await undisturbed(url);
    const first = await attach(url);
    first.sendRows(0, 16_000);
    await until(() => first.results().length === 100);
    first.send({ type: 'received', seq: 40 });
    pass(LIFE_MS + 1);
    expect(await first.closed).toEqual({ code: 4401, reason: 'ERR_TOKEN_EXPIRED' });
    expect(first.messages.at(-1)).toMatchObject({ ...EXPIRED, fatal: true, expected: expect.stringMatching(/fresh/) });
    expect(codes()).toEqual([undefined, 'ERR_TOKEN_EXPIRED']);

    const second = await attach(url, { token: first.ready.resume!.token, seq: 100 });
    expect(second.ready).toMatchObject({ recovered: true, offset: 16_000, seq: 100 });
    second.sendRows(16_000, ROWS);
    second.send({ type: 'close' });
    expect(await second.next('end')).toMatchObject({ digest, offset: ROWS });
    expect(seqs([...first.messages, ...second.messages])).toEqual(Array.from({ length: 200 }, (_, seq) => seq));
  });

  it('loses nothing of what it sent at that very moment', async () => {
    const { url, pass } = await serve();
    const { digest } = await undisturbed(url);
    const first = await attach(url);
    first.sendRows(0, 16_000);
    pass(LIFE_MS + 1); // of the rows some are consumed by then, or none
    expect((await first.closed).code).toBe(4401);
    const got = seqs(first.messages);
    const second = await attach(url, { token: first.ready.resume!.token, seq: got.length });
    expect(second.ready.offset).toBeLessThanOrEqual(16_000);
    second.sendRows(second.ready.offset, ROWS);
    second.send({ type: 'close' });
    expect((await second.next('end')).digest).toBe(digest);
    expect(seqs([...first.messages, ...second.messages])).toEqual(Array.from({ length: 200 }, (_, seq) => seq));
  });

  it('is told and answered to its end if it is an ordinary one; what comes later is not taken', async () => {
    const { url, pass, codes } = await serve();
    const client = await openRaw(url);
    client.send(START);
    await client.next('ready');
    client.send(rowsOf(0, 16_000));
    await until(() => client.messages.some(({ type }) => type === 'result'));
    pass(LIFE_MS + 1);
    expect(await client.next('error')).toMatchObject({ ...EXPIRED, fatal: false });
    client.send(rowsOf(16_000, 17_000));
    expect(await client.closed).toEqual({ code: 4401, reason: 'ERR_TOKEN_EXPIRED' });
    expect(client.messages.at(-1)).toMatchObject({ type: 'end', offset: 16_000, results: 100 });
    expect(seqs(client.messages)).toEqual(Array.from({ length: 100 }, (_, seq) => seq));
    expect(codes()).toEqual(['ERR_TOKEN_EXPIRED']);
  });

  it('is over at once when it has not begun', async () => {
    const { url, pass } = await serve();
    const client = await openRaw(url);
    pass(LIFE_MS + 1);
    expect(await client.closed).toEqual({ code: 4401, reason: 'ERR_TOKEN_EXPIRED' });
    expect(client.messages).toEqual([expect.objectContaining({ ...EXPIRED, fatal: true })]);
  });
});

describe('a reader that is slow when its token expires', () => {
  /** Over connections in memory, whose reader stands still until it is told to go on. */
  async function slowReader() {
    let now = 0;
    let wall = 0;
    const inner = memoryTransport();
    const until60 = map(
      (connection: object) => Object.defineProperty(connection, 'untilMs', { value: LIFE_MS }) as never,
    );
    const transport = { ...inner, connections$: inner.connections$.pipe(until60) };
    const streams = serveOn(transport, {
      clock: { now: () => micros(now) },
      states: { store: memoryStore(), nowMs: () => wall },
      limits: { backlogBytesMax: 2000 },
    });
    onTestFinished(() => streams.close());
    const socket: MemorySocket = inner.connect('millrace.v1');
    const said: ServerMessage[] = [];
    socket.onmessage = ({ data }) => said.push(JSON.parse(String(data)));
    const closed = new Promise<number>((resolve) => {
      socket.onclose = ({ code }) => resolve(code);
    });
    await new Promise((resolve) => {
      socket.onopen = resolve;
    });
    socket.send(JSON.stringify(START));
    await until(() => said.length === 1);
    socket.pause();
    socket.send(rowsOf(0, 16_000));
    return {
      ...{ socket, said, closed, streams },
      expire: () => {
        wall = LIFE_MS + 1;
      },
      pass: (ms: number) => {
        now += ms * 1000;
      },
    };
  }
  /** Several looks at the clocks. */
  const looks = () => new Promise((resolve) => setTimeout(resolve, 100));

  it('has some seconds to take what it is owed', async () => {
    const { socket, said, closed, expire, pass } = await slowReader();
    expire();
    await looks();
    pass(7000);
    await looks();
    socket.resume();
    expect(await closed).toBe(4401);
    expect(said.at(-1)).toMatchObject({ type: 'end', results: 100 });
  });

  it('is closed when it does not', async () => {
    const { said, socket, expire, pass, closed, streams } = await slowReader();
    expire();
    await until(() => {
      pass(100);
      return streams.sessions() === 0;
    });
    socket.resume();
    expect(await closed).toBe(4401);
    expect(said.at(-1)).toMatchObject({ ...EXPIRED, fatal: true });
  });

  it('ends as it wanted to when it has said so before', async () => {
    const { said, socket, expire, closed } = await slowReader();
    socket.send(JSON.stringify({ type: 'close' }));
    await looks();
    expire();
    await looks();
    socket.resume();
    expect(await closed).toBe(1000);
    expect(said.at(-1)).toMatchObject({ type: 'end', results: 100 });
  });
});
