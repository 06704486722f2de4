import { get } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { micros } from '../../src/base/units.ts';
import { connect } from '../../src/client/index.ts';
import { type StreamLimits, TICK_MS } from '../../src/transport/limits.ts';
import { type MemorySocket, memoryTransport } from '../../src/transport/memory/memory-transport.ts';
import type { StreamEvent } from '../../src/transport/serve-streams.ts';
import { pbCodec } from '../../src/wire/pb-codec.ts';
import { openRaw, type RawClient, START, serveOn, startServer, type TestServer, turn } from './test-server.ts';

async function serve(limits: Partial<StreamLimits> = {}): Promise<TestServer> {
  const server = await startServer(limits);
  onTestFinished(() => server.close());
  return server;
}
const audio = { encoding: 'pcm_s16le', rate: 16_000, channels: 1 } as const;

/** What must close a stream: the messages that lead there, the code of the last word, the close code. */
type Case = [string, (client: RawClient) => void, string, number, Partial<StreamLimits>?];
const cases: Case[] = [
  ['rows before start', (c) => c.send(new Uint8Array(320)), 'ERR_START_MISSING', 1002],
  ['a command before start', (c) => c.send({ type: 'finalize', id: '' }), 'ERR_START_MISSING', 1002],
  ['no start in time', () => undefined, 'ERR_START_MISSING', 1002, { startMsMax: 50 }],
  ['another version', (c) => c.send({ ...START, v: 2 }), 'ERR_WIRE_VERSION', 1002],
  ['text that is no JSON', (c) => c.send('hello'), 'ERR_WIRE_MALFORMED', 1007],
  ['text that is not UTF-8', (c) => c.socket.send(Uint8Array.of(0xff), { binary: false }), 'ERR_WIRE_MALFORMED', 1007],
  ['a start without pipeline', (c) => c.send({ ...START, pipeline: undefined }), 'ERR_START_INVALID', 4400],
  ['an unknown option', (c) => c.send({ ...START, options: { speed: 1 } }), 'ERR_OPTION_INVALID', 4400],
  ['an option out of range', (c) => c.send({ ...START, options: { leak: 2 } }), 'ERR_OPTION_INVALID', 4400],
  ['an unknown pipeline', (c) => c.send({ ...START, pipeline: '../vad' }), 'ERR_PIPELINE_UNKNOWN', 4404],
  ['an unknown encoding', (c) => c.send({ ...START, format: { encoding: 'mp3' } }), 'ERR_FORMAT_UNSUPPORTED', 4415],
  ['a wrong rate', (c) => c.send({ ...START, format: { ...audio, rate: 1 } }), 'ERR_FORMAT_UNSUPPORTED', 4415],
  [
    'too many channels',
    (c) => c.send({ ...START, format: { ...audio, channels: 99 } }),
    'ERR_FORMAT_UNSUPPORTED',
    4415,
  ],
  [
    'a message that is too large',
    (c) => {
      c.send(START);
      c.send(new Uint8Array(1002));
    },
    'ERR_WIRE_TOO_LARGE',
    1009,
    { messageBytesMax: 1000 },
  ],
  [
    'more than twice the credit',
    (c) => {
      c.send(START);
      for (let i = 0; i < 40; i++) c.send(new Uint8Array(1000));
    },
    'ERR_CREDIT_OVERRUN',
    4413,
    { creditBytes: 10_000, backlogBytesMax: -1 }, // never worked on after its first turn
  ],
  [
    'more messages than may wait',
    (c) => {
      c.send({ ...START, policy: 'drop_oldest' });
      for (let i = 0; i < 40; i++) c.send(new Uint8Array(2));
    },
    'ERR_CREDIT_OVERRUN',
    4413,
    { outstandingMessagesMax: 10, backlogBytesMax: -1 },
  ],
  ['silence', (c) => c.send(START), 'ERR_IDLE', 4408, { idleMsMax: 60 }],
  [
    'a bug in an operator',
    (c) => {
      c.send({ ...START, pipeline: 'fragile', format: { ...audio, encoding: 'f32le' } });
      c.send(new Uint8Array(Float32Array.of(2).buffer));
    },
    'ERR_INVARIANT',
    1011,
  ],
];

/** A started stream over memory, with time in the test's hands. */
async function overMemory(limits: Partial<StreamLimits> = {}) {
  let now = 0;
  const clock = { now: () => micros(now), advance: (ms: number) => (now += ms * 1000) };
  const events: StreamEvent[] = [];
  const transport = memoryTransport();
  const streams = serveOn(transport, { limits, events, clock });
  let opened: MemorySocket | undefined;
  const client = connect('memory:', {
    pipeline: 'energy',
    format: audio,
    socket: () => {
      opened = transport.connect('millrace.v1');
      return opened;
    },
  });
  await client.ready;
  return { client, clock, streams, events, socket: () => opened! };
}
/** The server looks at its timers every 20 ms; this is a few looks. */
const someTicks = () => new Promise((resolve) => setTimeout(resolve, 5 * TICK_MS));

describe('what ends a stream', () => {
  it.each(cases)('%s: an error, then the close', async (...[, provoke, code, closeCode, limits]) => {
    const server = await serve(limits);
    const client = await openRaw(server.url);
    provoke(client);
    expect((await client.closed).code).toBe(closeCode);
    expect(client.messages.at(-1)).toMatchObject({ type: 'error', fatal: true, code });
    expect(server.streams.sessions()).toBe(0);
    expect(server.events.at(-1)).toMatchObject({ event: 'closed', error: { code } });
  });

  it('a message beyond all bounds is cut off before it is read', async () => {
    const server = await serve({ messageBytesMax: 1000 });
    const client = await openRaw(server.url);
    client.send(new Uint8Array(100_000));
    expect((await client.closed).code).toBe(1009);
  });

  it('an offset that goes back', async () => {
    const server = await serve();
    const socket = new WebSocket(server.url, ['millrace.v1.pb']);
    const heard: unknown[] = [];
    socket.on('message', (data) => heard.push(pbCodec.decodeServer(data as Buffer)));
    await new Promise((resolve) => socket.on('open', resolve));
    const start = { ...START, stream: 'x' };
    socket.send(pbCodec.encodeClient(start));
    socket.send(pbCodec.encodeClient({ type: 'rows', offset: 100, data: new Uint8Array(320) }));
    socket.send(pbCodec.encodeClient({ type: 'rows', offset: 200, data: new Uint8Array(320) }));
    const code = await new Promise((resolve) => socket.on('close', resolve));
    expect(code).toBe(1008);
    expect(heard.at(-1)).toMatchObject({ type: 'error', code: 'ERR_SEQ_REGRESSION', fatal: true });
  });

  it('too many at once: the next one is told to come later', async () => {
    const server = await serve({ sessionsMax: 2 });
    const first = await openRaw(server.url);
    await openRaw(server.url);
    const third = await openRaw(server.url);
    expect((await third.closed).code).toBe(1013);
    expect(third.messages).toMatchObject([{ type: 'error', code: 'ERR_SESSION_LIMIT', fatal: true }]);
    first.socket.close();
    while (server.streams.sessions() > 1) await turn();
    const fourth = connect(server.url, { pipeline: 'energy', format: audio });
    expect(await fourth.end()).toMatchObject({ offset: 0 });
  });

  it('silence of idleMsMax by the clock; keepalive counts as a word', async () => {
    const { client, clock, streams } = await overMemory();
    for (let i = 0; i < 10; i++) {
      clock.advance(50_000);
      await client.keepalive();
      await turn();
      await someTicks();
    }
    expect(streams.sessions()).toBe(1);
    clock.advance(61_000);
    await expect(client.ended).rejects.toMatchObject({ code: 'ERR_IDLE' });
    await streams.close();
  });

  it('but not while it is we who are late', async () => {
    const { client, clock, streams, socket } = await overMemory({ backlogBytesMax: 0 });
    socket().pause();
    await client.send(new Int16Array(16_000));
    await turn();
    clock.advance(600_000);
    await someTicks();
    expect(streams.sessions()).toBe(1);
    socket().resume();
    expect(await client.end()).toMatchObject({ offset: 16_000, results: 100 });
    await streams.close();
  });

  it('a peer that answers no ping is cut off', async () => {
    const server = await startServer({}, 10);
    onTestFinished(() => server.close());
    const dead = new WebSocket(server.url, ['millrace.v1'], { autoPong: false });
    const code = await new Promise((resolve) => dead.on('close', resolve));
    expect(code).toBe(1006);
    while (server.streams.sessions() > 0) await turn();
  });
});

describe('a server that goes down', () => {
  it('answers what it took, says end, closes with 1001, and takes nobody new', async () => {
    const server = await serve();
    const client = await openRaw(server.url);
    client.send(START);
    await client.next('ready');
    client.send(new Uint8Array(32_000));
    await client.next('result');
    const drained = server.streams.drain(5000);
    expect(await client.next('drain')).toEqual({ type: 'drain', deadline_ms: 5000 });
    expect(await client.next('end')).toMatchObject({ offset: 16_000, results: 100 });
    expect((await client.closed).code).toBe(1001);
    await drained;
    const late = await openRaw(server.url);
    expect((await late.closed).code).toBe(1001);
    expect(late.messages).toMatchObject([{ code: 'ERR_DRAINING', fatal: true }]);
  });

  it('does not wait longer than it said for a reader that does not read', async () => {
    const { client, clock, streams, socket, events } = await overMemory({ backlogBytesMax: 100 });
    socket().pause();
    await client.send(new Int16Array(60_000));
    const drained = streams.drain(1000);
    await someTicks();
    expect(streams.sessions()).toBe(1);
    clock.advance(1001);
    await drained;
    expect(events.at(-1)).toMatchObject({ event: 'closed', error: { code: 'ERR_DRAINING' } });
    socket().resume();
    await expect(client.ended).rejects.toMatchObject({ code: 'ERR_DRAINING' });
    await streams.close();
  });
});

describe('the typed client', () => {
  it('rejects ready, send and end with what the server said', async () => {
    const server = await serve();
    const client = connect(server.url, { pipeline: 'nothing', format: audio });
    const wanted = { code: 'ERR_PIPELINE_UNKNOWN', expected: 'energy, mean, echo, fragile' };
    await expect(client.ready).rejects.toMatchObject(wanted);
    await expect(client.send(new Int16Array(1))).rejects.toMatchObject(wanted);
    await expect(client.end()).rejects.toMatchObject(wanted);
    await expect(client.finalize()).rejects.toMatchObject(wanted);
  });

  it('says when there is nobody, and when somebody hangs up', async () => {
    const nobody = connect('ws://127.0.0.1:1/v1/stream', { pipeline: 'energy', format: audio });
    await expect(nobody.ready).rejects.toMatchObject({ code: 'ERR_CONNECT_FAILED' });
    const server = await serve();
    const client = connect(server.url, { pipeline: 'energy', format: audio });
    await client.ready;
    client.abort();
    await expect(client.ended).rejects.toMatchObject({ code: 'ERR_CONNECT_FAILED' });
  });

  it('refuses rows that the format cannot carry', async () => {
    const server = await serve();
    const stereo = connect(server.url, { pipeline: 'energy', format: { ...audio, channels: 2 } });
    await expect(stereo.send(new Float32Array(3))).rejects.toMatchObject({ code: 'ERR_PARTIAL_SAMPLE' });
    await expect(stereo.send('1,2\n')).rejects.toMatchObject({ code: 'ERR_FORMAT_UNSUPPORTED' });
    await expect(stereo.send(Float32Array.of(0, Number.NaN))).rejects.toMatchObject({ code: 'ERR_NON_FINITE_INPUT' });
    await stereo.send(new Float32Array(2));
    expect(await stereo.end()).toMatchObject({ offset: 1 });
  });

  it('tells a caller who never waits instead of buffering without end', async () => {
    const server = await serve();
    const client = connect(server.url, { pipeline: 'energy', format: audio });
    const sends = await Promise.allSettled(Array.from({ length: 300 }, () => client.send(new Int16Array(10))));
    const refused = sends.flatMap((sent) => (sent.status === 'rejected' ? [sent.reason.code] : []));
    expect(refused).toEqual(Array(44).fill('ERR_CREDIT_OVERRUN'));
    expect(await client.end()).toMatchObject({ offset: 2560 });
  });
});

describe('the http server beside it', () => {
  it('keeps its own requests, and 404 for sockets on other paths', async () => {
    const server = await serve();
    const http = server.url.replace('ws:', 'http:');
    const body = await new Promise((resolve) =>
      get(http, (response) => response.on('data', (data) => resolve(`${data}`))),
    );
    expect(body).toBe('plain');
    await expect(openRaw(server.url.replace('/v1/stream', '/other'))).rejects.toThrowError('404');
    const query = await openRaw(`${server.url}?ticket=none`);
    expect(query.socket.protocol).toBe('millrace.v1');
    query.socket.close();
    await query.closed;
  });
});
