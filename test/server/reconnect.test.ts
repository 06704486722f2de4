// The client of a resumable stream over connections that are lost: what its caller sees is one stream.

import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { type ConnectOptions, connect, type ResultMessage } from '../../src/client/index.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import type { StreamLimits } from '../../src/transport/limits.ts';
import type { EndMessage } from '../../src/wire/messages.ts';
import { noise, seeded } from '../helpers/items.ts';
import { until } from './resumable.ts';
import { startServer, type TestServer } from './test-server.ts';

const audio = { encoding: 'pcm_s16le', rate: 16_000, channels: 1 } as const;
const samples = Int16Array.from(noise(48_000, seeded(9)), (x) => x * 20_000);
let undisturbed: EndMessage;
beforeAll(async () => {
  const server = await startServer();
  const client = connect(server.url, { pipeline: 'energy', format: audio });
  await client.send(samples);
  undisturbed = await client.end();
  await server.close();
});

async function serve(limits: Partial<StreamLimits> = {}, store = memoryStore()): Promise<TestServer> {
  const server = await startServer({ checkpointMsMax: 50, ...limits }, 10_000, { store });
  onTestFinished(() => server.close());
  return server;
}

/** A client whose sockets the test can cut. */
function open(url: string, more: Partial<ConnectOptions> = {}) {
  const sockets: WebSocket[] = [];
  const results: ResultMessage[] = [];
  const states: string[] = [];
  const client = connect(url, {
    pipeline: 'energy',
    format: audio,
    resume: true,
    ackMs: 20,
    random: () => 0.01,
    socket: (to, protocols) => {
      sockets.push(new WebSocket(to, [...protocols]));
      return sockets.at(-1) as never;
    },
    onResult: (message) => results.push(message),
    onState: (state) => states.push(state),
    ...more,
  });
  onTestFinished(() => client.abort());
  return { client, results, states, sockets, cut: () => sockets.at(-1)!.terminate() };
}
const dense = (results: readonly ResultMessage[]) => results.every(({ seq }, i) => seq === i);

describe('a resumable client', () => {
  it.each([{}, { protocol: 'pb' }, { frame: 'framed' }, { protocol: 'pb', frame: 'framed' }] as const)(
    'is one stream over many connections: %o',
    async (more) => {
      const server = await serve();
      const { client, results, states, sockets, cut } = open(server.url, more);
      for (let at = 0; at < samples.length; at += 1600) {
        await client.send(samples.subarray(at, at + 1600));
        if (at % 8000 === 0) {
          await until(() => results.length >= Math.floor(at / 160) - 20 && client.state === 'open');
          cut();
        }
      }
      expect(await client.end()).toEqual(undisturbed);
      expect(results).toHaveLength(300);
      expect(dense(results)).toBe(true);
      expect(sockets.length).toBeGreaterThan(5);
      expect(states.at(-1)).toBe('ended');
      expect(states).toContain('lost');
    },
  );

  it('goes on when its server restarts, and when it is told to go elsewhere', async () => {
    const store = memoryStore();
    const one = await serve({}, store);
    const two = await serve({}, store);
    const drained: unknown[] = [];
    const { client, results } = open(one.url, { onDrain: (message) => drained.push(message) });
    await client.send(samples.subarray(0, 20_000));
    await until(() => results.length > 50);
    await one.streams.drain(1000, two.url);
    await until(() => drained.length > 0);
    expect(drained).toMatchObject([{ url: two.url, token: expect.any(String) }]);
    await client.send(samples.subarray(20_000));
    expect(await client.end()).toEqual(undisturbed);
    expect(dense(results)).toBe(true);
  });

  it('gives up a connection that only seems to live', async () => {
    const server = await serve();
    const port = Number(new URL(server.url).port);
    const pipes: { readonly near: Socket; readonly far: Socket }[] = [];
    let swallow = false;
    const proxy: Server = createServer((near) => {
      const far = dial(port, '127.0.0.1');
      pipes.push({ near, far });
      near.on('data', (data) => !swallow && far.write(data));
      far.on('data', (data) => !swallow && near.write(data));
      for (const socket of [near, far]) socket.on('error', () => undefined);
      near.on('close', () => far.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void proxy.close());
    const { port: through } = proxy.address() as { port: number };
    const { client, results, states } = open(`ws://127.0.0.1:${through}/v1/stream`, { stallMs: 200 });
    await client.send(samples.subarray(0, 16_000));
    await until(() => results.length === 100);
    swallow = true;
    await client.send(samples.subarray(16_000));
    await until(() => states.includes('lost'));
    swallow = false;
    expect(await client.end()).toEqual(undisturbed);
    expect(dense(results)).toBe(true);
    expect(pipes.length).toBeGreaterThan(1);
  });

  it('answers commands once, whatever is lost around them', async () => {
    const server = await serve();
    const { client, results, cut } = open(server.url);
    let at = 0;
    for (const command of ['finalize', 'snapshot', 'reset', 'finalize'] as const) {
      await client.send(samples.subarray(at, at + 700));
      at += 700;
      const answer = client[command]();
      cut();
      expect((await answer).offset).toBe(at);
    }
    const { options, offset } = await client.update({ leak: 0.5 });
    expect({ options, offset }).toEqual({ options: { leak: 0.5 }, offset: at });
    const token = (await client.fork('second')).token!;
    await client.send(samples.subarray(at));
    const end = await client.end();
    const second = connect(server.url, { pipeline: 'energy', format: audio, resume: { token, seq: results.length } });
    expect((await second.ready).offset).toBe(at);
    await second.send(samples.subarray(at));
    expect(await second.end()).toEqual({ ...end, type: 'end' });
    expect(dense(results)).toBe(true);
  });

  it('waits when its buffer is full, and then loses nothing', async () => {
    const server = await serve({ checkpointMsMax: 100 });
    const { client, results } = open(server.url, { bufferBytesMax: 20_000 });
    let most = 0;
    for (let at = 0; at < samples.length; at += 500) {
      await client.send(samples.subarray(at, at + 500));
      most = Math.max(most, client.lag.bufferedBytes);
    }
    expect(most).toBeLessThanOrEqual(20_000);
    expect(await client.end()).toEqual(undisturbed);
    expect(dense(results)).toBe(true);
  });

  it('or declares what it could not keep, when told to', async () => {
    const server = await serve();
    const gaps: { from: number; to: number; why: string }[] = [];
    const { client, results, cut, states } = open(server.url, {
      bufferBytesMax: 20_000,
      overflow: 'gap',
      random: () => 0.9,
      onGap: (message) => gaps.push(message),
    });
    await client.send(samples.subarray(0, 3200));
    await until(() => results.length === 20 && client.lag.undurableRows === 0);
    cut();
    await until(() => states.at(-1) === 'lost');
    for (let at = 3200; at < samples.length; at += 400) await client.send(samples.subarray(at, at + 400));
    expect(client.offset).toBe(48_000);
    const end = await client.end();
    expect(end).toMatchObject({ offset: 48_000, gaps: 1 });
    expect(gaps).toHaveLength(1);
    expect(gaps[0]).toMatchObject({ from: 3200, why: 'client' });
    expect(48_000 - gaps[0]!.to).toBeGreaterThan(8000);
    expect(dense(results)).toBe(true);
  });

  it('lets another client go on where it was told that all is safe', async () => {
    const server = await serve();
    const first = open(server.url, { confirm: 'manual' });
    await first.client.send(samples.subarray(0, 16_000));
    await until(() => first.results.length === 100);
    first.client.confirm(60);
    await until(() => first.client.lag.undurableRows === 0);
    first.client.abort();
    const second = open(server.url, { resume: { token: first.client.token!, seq: 60 } });
    const { offset } = await second.client.ready;
    await second.client.send(samples.subarray(offset));
    expect(await second.client.end()).toEqual(undisturbed);
    expect(second.results.map(({ seq }) => seq)).toEqual(Array.from({ length: 240 }, (_, i) => 60 + i));
  });

  it('says when it is over: the state is gone, or nobody answers for too long', async () => {
    const server = await serve();
    const gone = open(server.url, { resume: { token: `r${'0'.repeat(32)}.${'x'.repeat(43)}` } });
    await expect(gone.client.ended).rejects.toMatchObject({ code: 'ERR_STATE_GONE' });
    expect(gone.client.state).toBe('failed');
    const nobody = open('ws://127.0.0.1:1/v1/stream', { retryMs: 50, random: () => 1 });
    await expect(nobody.client.ended).rejects.toMatchObject({ code: 'ERR_CONNECT_FAILED' });
    await expect(nobody.client.send(samples)).rejects.toMatchObject({ code: 'ERR_CONNECT_FAILED' });
  });
});
