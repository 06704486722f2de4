import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConnectOptions, connect, type GapMessage, type ResultMessage } from '../../src/client/index.ts';
import { framesOf } from '../../src/transport/ws/server-frame.ts';
import { framedCodec } from '../../src/wire/framed-codec.ts';
import { jsonCodec } from '../../src/wire/json-codec.ts';
import { noise, seeded } from '../helpers/items.ts';
import { openRaw, type RawClient, START, startServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const audio = { encoding: 'pcm_s16le', rate: 16_000, channels: 1 } as const;
const samples = Int16Array.from(noise(9000, seeded(1)), (x) => x * 20_000);

async function stream(options: Partial<ConnectOptions>, pieces: number) {
  const results: ResultMessage[] = [];
  const gaps: GapMessage[] = [];
  const client = connect(server.url, {
    pipeline: 'energy',
    format: audio,
    onResult: (message) => results.push(message),
    onGap: (message) => gaps.push(message),
    ...options,
  });
  const rows = options.format?.encoding === 'f32le' ? Float32Array.from(samples, (x) => x / 32768) : samples;
  for (let at = 0; at < rows.length; at += pieces) await client.send(rows.subarray(at, at + pieces));
  await client.gap(100);
  await client.finalize();
  return { end: await client.end(), results, gaps };
}

describe('a framed stream', () => {
  it.each(['json', 'pb'] as const)('is the same stream: %s', async (protocol) => {
    const f32le = { ...audio, encoding: 'f32le' } as const;
    for (const pipeline of ['energy', 'echo']) {
      const raw = await stream({ pipeline, protocol }, 700);
      expect(await stream({ pipeline, protocol, frame: 'framed' }, 700)).toEqual(raw);
      expect(await stream({ pipeline, protocol, frame: 'framed', format: f32le }, 700)).toEqual(raw);
    }
    const { end, results } = await stream({ protocol, frame: 'framed' }, 333);
    expect([end, results]).toEqual([(await stream({ protocol }, 160)).end, (await stream({ protocol }, 160)).results]);
  });

  it('says in ready what is framed; without asking, nothing is', async () => {
    const asked = connect(server.url, { pipeline: 'energy', format: audio, frame: 'framed' });
    const framed = [{ op: 'energy', values: ['energy'] }];
    expect(await asked.ready).toMatchObject({ frame: 'framed', framed });
    const raw = connect(server.url, { pipeline: 'energy', format: audio });
    expect(await raw.ready).not.toHaveProperty('framed');
    await Promise.all([asked.end(), raw.end()]);
  });

  it('carries lines of csv as well', async () => {
    const format = { encoding: 'csv', rate: 0, fields: ['t', 'a'], time: 't', time_unit: 's' } as const;
    const send = async (frame: 'raw' | 'framed') => {
      const results: ResultMessage[] = [];
      const onResult = (message: ResultMessage) => results.push(message);
      const client = connect(server.url, { pipeline: 'mean', format, frame, onResult, onError: () => undefined });
      await client.send('t,a\n1,2\n2,bad\n3,4\n');
      return { end: await client.end(), results };
    };
    expect(await send('framed')).toEqual(await send('raw'));
  });
});

describe('what a frame says against what came', () => {
  const rows = (offset: number, count: number, data = new Uint8Array(2 * count)): Uint8Array =>
    framedCodec(jsonCodec).encodeClient({ type: 'rows', offset, count, data }) as Uint8Array;

  async function framed(): Promise<RawClient> {
    const client = await openRaw(server.url);
    // Results are read as text here, so none may be framed: no hop of 160 is completed before the errors.
    client.send({ ...START, frame: 'framed' });
    await client.next('ready');
    return client;
  }

  it('an offset ahead declares what is lost, with or without rows behind it', async () => {
    const client = await framed();
    client.send(rows(100, 10));
    client.send(rows(150, 0));
    client.send(rows(150, 0));
    client.send(rows(160, 0));
    client.send({ type: 'close' });
    expect(await client.next('end')).toMatchObject({ offset: 160, results: 0, gaps: 1 }); // they touch each other
    expect(client.messages.filter(({ type }) => type === 'gap')).toEqual([
      { type: 'gap', from: 0, to: 100, why: 'lost' },
      { type: 'gap', from: 100, to: 150, why: 'lost' }, // the ten rows were part of a hop that the gap touched
      { type: 'gap', from: 150, to: 160, why: 'lost' },
    ]);
  });

  it.each([
    ['an offset behind', rows(5, 1), 'ERR_SEQ_REGRESSION', 1008],
    ['an offset beyond 2^53', rows(2 ** 53 - 1, 1), 'ERR_SEQ_REGRESSION', 1008],
    ['another count than rows', rows(10, 3, new Uint8Array(4)), 'ERR_WIRE_MALFORMED', 1007],
    ['raw rows', new Uint8Array(20), 'ERR_WIRE_MALFORMED', 1007],
    ['another version', Uint8Array.from(rows(10, 1), (byte, at) => (at === 0 ? 2 : byte)), 'ERR_WIRE_VERSION', 1002],
  ])('%s ends the stream with a code', async (_, bytes, code, closeCode) => {
    const client = await framed();
    client.send(rows(0, 10));
    client.send(bytes);
    expect((await client.closed).code).toBe(closeCode);
    expect(client.messages.at(-1)).toMatchObject({ type: 'error', fatal: true, code });
  });

  it.each([
    ['a jump of more rows than a gap may have', rows(10 + 2 ** 40, 0), 'ERR_GAP_INVALID'],
    ['half a row', rows(10, 1, new Uint8Array(3)), 'ERR_PARTIAL_SAMPLE'],
    ['a kind for servers', Uint8Array.from(rows(10, 1), (byte, at) => (at === 1 ? 2 : byte)), 'ERR_TYPE_UNKNOWN'],
  ])('%s is told, and nothing of it is taken', async (_, bytes, code) => {
    const client = await framed();
    client.send(rows(0, 10));
    client.send(bytes);
    expect(await client.next('error')).toMatchObject({ code, fatal: false });
    client.send({ type: 'gap', from: 10, to: 20 });
    client.send({ type: 'close' });
    expect(await client.next('end')).toMatchObject({ offset: 20 });
  });
});

describe('frames on the socket', () => {
  /** Reads unmasked frames back: [opcode, payload]. */
  function unframe(bytes: Buffer): [number, Buffer][] {
    const frames: [number, Buffer][] = [];
    for (let at = 0; at < bytes.length; ) {
      const short = bytes[at + 1]!;
      const [length, header] =
        short < 126
          ? [short, 2]
          : short === 126
            ? [bytes.readUInt16BE(at + 2), 4]
            : [Number(bytes.readBigUInt64BE(at + 2)), 10];
      frames.push([bytes[at]!, bytes.subarray(at + header, at + header + length)]);
      at += header + length;
    }
    return frames;
  }

  it('hold whole messages of every length, in order', () => {
    const messages = [0, 1, 125, 126, 65_535, 65_536, 70_000].flatMap((length) => [
      new Uint8Array(length).fill(length),
      'ä€'.repeat(length / 5),
    ]);
    const frames = unframe(framesOf(messages));
    expect(frames).toHaveLength(messages.length);
    for (const [i, message] of messages.entries()) {
      expect(frames[i]![0]).toBe(typeof message === 'string' ? 0x81 : 0x82);
      expect(frames[i]![1].equals(Buffer.from(message as string))).toBe(true);
    }
  });
});
