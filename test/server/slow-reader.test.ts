import { describe, expect, it } from 'vitest';
import { micros } from '../../src/base/units.ts';
import { connect, type ResultMessage } from '../../src/client/index.ts';
import { type MemorySocket, memoryTransport } from '../../src/transport/memory/memory-transport.ts';
import type { Connection } from '../../src/transport/transport.ts';
import { noise, seeded } from '../helpers/items.ts';
import { openRaw, serveOn, startServer, turn } from './test-server.ts';

const audio = { encoding: 'pcm_s16le', rate: 16_000, channels: 1 } as const;
const samples = Int16Array.from(noise(400_000, seeded(1)), (x) => x * 20_000);

describe('a reader slower than its results', () => {
  it('is worked for no further than a bounded backlog; then everything comes, unchanged', async () => {
    const transport = memoryTransport();
    const connections: Connection[] = [];
    transport.connections$.subscribe((connection) => connections.push(connection));
    const streams = serveOn(transport, {
      limits: { backlogBytesMax: 20_000, creditBytes: 40_000, messageBytesMax: 10_000 },
    });
    let socket!: MemorySocket;
    const results: ResultMessage[] = [];
    const client = connect('memory:', {
      pipeline: 'energy',
      format: audio,
      socket: () => {
        socket = transport.connect('millrace.v1');
        return socket;
      },
      onResult: (message) => results.push(message),
    });
    await client.ready;
    socket.pause();
    let sent = false;
    const sending = client.send(samples).then(() => {
      sent = true;
    });
    let most = 0;
    for (let i = 0; i < 2000; i++) {
      await turn();
      most = Math.max(most, connections[0]!.backlogBytes);
    }
    // The client stopped at its credit; the server stopped one turn after its bound: 16 pieces of 480 samples.
    expect(sent).toBe(false);
    expect(client.offset * 2).toBeLessThanOrEqual(40_000);
    expect(most).toBeGreaterThan(10_000);
    expect(most).toBeLessThan(20_000 + 10_000);
    socket.resume();
    await sending;
    const end = await client.end();
    expect(end).toMatchObject({ offset: 400_000, results: 2500, gaps: 0 });
    expect(results.map(({ seq }) => seq)).toEqual([...Array(2500).keys()]);
    await streams.close();
  });

  it('acknowledges at half the credit, without waiting for the clock', async () => {
    const transport = memoryTransport();
    const clock = { now: () => micros(0) };
    const streams = serveOn(transport, { limits: { creditBytes: 4000 }, clock });
    const offsets: number[] = [];
    const client = connect('memory:', {
      pipeline: 'energy',
      format: audio,
      socket: () => transport.connect('millrace.v1'),
      onAck: ({ offset }) => offsets.push(offset),
    });
    await client.send(samples.subarray(0, 50_000));
    expect(await client.end()).toMatchObject({ offset: 50_000, results: 313 });
    expect(offsets.length).toBeGreaterThan(20);
    await streams.close();
  });

  it('over a socket: one stalled stream holds up no other', async () => {
    const server = await startServer({ backlogBytesMax: 1000 });
    const stalled = await openRaw(server.url);
    stalled.send({ type: 'start', v: 1, pipeline: 'energy', format: audio });
    await stalled.next('ready');
    stalled.socket.pause();
    for (let i = 0; i < 4; i++) stalled.send(new Uint8Array(samples.buffer, i * 60_000, 60_000));
    const other = connect(server.url, { pipeline: 'energy', format: audio });
    await other.send(samples.subarray(0, 200_000));
    expect(await other.end()).toMatchObject({ offset: 200_000, results: 1250 });
    stalled.socket.resume();
    stalled.send({ type: 'close' });
    expect(await stalled.next('end')).toMatchObject({ offset: 120_000, results: 750, gaps: 0 });
    await server.close();
  });

  it('loses the oldest rows, declared, when it asked for drop_oldest', async () => {
    const transport = memoryTransport();
    const limits = { backlogBytesMax: 2000, creditBytes: 5000 };
    const streams = serveOn(transport, { limits });
    let socket!: MemorySocket;
    const covered: { readonly from: number; readonly to: number; readonly why?: string }[] = [];
    const client = connect('memory:', {
      pipeline: 'energy',
      format: audio,
      policy: 'drop_oldest',
      socket: () => {
        socket = transport.connect('millrace.v1');
        return socket;
      },
      onResult: (message) => covered.push(message),
      onGap: (message) => covered.push(message),
    });
    await client.ready;
    socket.pause();
    for (let at = 0; at < 100_000; at += 1000) {
      await client.send(samples.subarray(at, at + 1000));
      await turn();
    }
    socket.resume();
    const end = await client.end();
    expect(end.offset).toBe(100_000);
    expect(end.gaps).toBeGreaterThan(0);
    expect(covered.map(({ from }) => from)).toEqual([0, ...covered.slice(0, -1).map(({ to }) => to)]);
    expect(covered.at(-1)!.to).toBe(100_000);
    expect(new Set(covered.map(({ why }) => why))).toEqual(new Set([undefined, 'shed']));
    // What the inbox holds is the newest: twice the credit in 2-byte rows.
    const lost = covered.filter(({ why }) => why === 'shed').at(-1)!;
    expect(100_000 - lost.to).toBeLessThanOrEqual(5000);
    await streams.close();
  });
});
