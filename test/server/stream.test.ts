import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import {
  type ConnectOptions,
  connect,
  type EndMessage,
  type GapMessage,
  type ResultMessage,
} from '../../src/client/index.ts';
import { memoryTransport } from '../../src/transport/memory/memory-transport.ts';
import type { ClientMessage, ServerMessage } from '../../src/wire/messages.ts';
import { pbCodec } from '../../src/wire/pb-codec.ts';
import { noise, seeded } from '../helpers/items.ts';
import { runSession } from '../helpers/sessions.ts';
import { openTestPipeline } from './test-pipelines.ts';
import { openRaw, START, serveOn, startServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const samples = Int16Array.from(noise(20_000, seeded(1)), (x) => x * 20_000);
const audio = { encoding: 'pcm_s16le', rate: 16_000, channels: 1 } as const;

interface Heard {
  readonly end: EndMessage;
  readonly results: readonly ResultMessage[];
  readonly gaps: readonly GapMessage[];
}

async function stream(
  options: Partial<ConnectOptions>,
  send: (client: ReturnType<typeof connect>) => Promise<unknown>,
  url = server.url,
): Promise<Heard> {
  const results: ResultMessage[] = [];
  const gaps: GapMessage[] = [];
  const client = connect(url, {
    pipeline: 'energy',
    format: audio,
    onResult: (message) => results.push(message),
    onGap: (message) => gaps.push(message),
    ...options,
  });
  await send(client);
  return { end: await client.end(), results, gaps };
}

/** Sends all samples cut at random into pieces of up to `most`. */
const inPieces = (most: number, seed: number) => async (client: ReturnType<typeof connect>) => {
  const random = seeded(seed);
  for (let at = 0; at < samples.length; ) {
    const to = at + 1 + Math.floor(random() * most);
    await client.send(samples.subarray(at, to));
    at = to;
  }
};

describe('a stream over a socket', () => {
  it('gives what the same session gives without one, for both subprotocols and any chunking', async () => {
    const loaded = await openTestPipeline('energy', {});
    const rows = Float32Array.from(samples, (x) => x / 32768);
    const { summary } = await runSession(loaded, { rateHz: 16_000, width: 1 }, rows);
    const whole = await stream({}, (client) => client.send(samples));
    expect(whole.end).toEqual({ type: 'end', ...summary });
    expect(whole.results).toHaveLength(125);
    expect(whole.results.map(({ seq }) => seq)).toEqual([...Array(125).keys()]);
    for (const protocol of ['json', 'pb'] as const) {
      for (const [most, seed] of [
        [50, 2],
        [700, 3],
        [7000, 4],
      ] as const) {
        const again = await stream({ protocol }, inPieces(most, seed));
        expect(again.end.digest).toBe(whole.end.digest);
        expect(again.results).toEqual(whole.results);
      }
    }
  });

  it('takes one sample per message', async () => {
    const few = samples.subarray(0, 500);
    const whole = await stream({}, (client) => client.send(few));
    const single = await stream({}, async (client) => {
      for (const sample of few) await client.send(Int16Array.of(sample));
    });
    expect(single).toEqual(whole);
  });

  it('is the same over memory', async () => {
    const transport = memoryTransport();
    const streams = serveOn(transport);
    const socket = () => transport.connect('millrace.v1');
    const here = await stream({ socket }, (client) => client.send(samples), 'memory:');
    expect(here).toEqual(await stream({}, (client) => client.send(samples)));
    await streams.close();
  });

  it('says in ready what the stream is', async () => {
    const client = connect(server.url, { pipeline: 'energy', format: audio, stream: 's-7' });
    expect(await client.ready).toMatchObject({
      type: 'ready',
      stream: 's-7',
      recovered: false,
      offset: 0,
      seq: 0,
      pipeline: 'energy',
      model: { name: 'energy', sha256: '00ff' },
      numerics: 'portable-1',
      credit: 131_072,
      limits: { max_message: 65_536, idle_ms: 60_000 },
    });
    await client.end();
  });

  it('acknowledges what is consumed, the end of it before end', async () => {
    const offsets: number[] = [];
    const { end } = await stream({ ackMs: 20, onAck: ({ offset }) => offsets.push(offset) }, inPieces(3000, 5));
    expect(offsets.at(-1)).toBe(20_000);
    expect(end.offset).toBe(20_000);
    expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
  });

  it('answers finalize and reset in their place, after the results before them', async () => {
    const order: string[] = [];
    const { end } = await stream({ onResult: ({ to }) => order.push(`${to}`) }, async (client) => {
      await client.send(samples.subarray(0, 400));
      order.push(`finalized ${(await client.finalize()).offset}`);
      await client.send(samples.subarray(400, 500));
      const { offset } = await client.reset();
      order.push(`reset ${offset}`);
      await client.send(samples.subarray(500, 660));
    });
    expect(order).toEqual(['160', '320', 'finalized 400', '480', '500', 'reset 500', '660']);
    expect(end).toMatchObject({ offset: 660, results: 5, gaps: 0 });
  });

  it('declares gaps and covers every row exactly once', async () => {
    const { end, results, gaps } = await stream({ protocol: 'pb' }, async (client) => {
      await client.send(samples.subarray(0, 1000));
      await client.gap(3000, 'overrun');
      await client.send(samples.subarray(0, 1000));
    });
    expect(end).toMatchObject({ offset: 5000, gaps: 1 });
    expect(gaps).toEqual([{ type: 'gap', from: 960, to: 4000, why: 'client' }]);
    const spans = [...results, ...gaps].sort((a, b) => a.from - b.from);
    expect(spans.map(({ from }) => from)).toEqual([0, ...spans.slice(0, -1).map(({ to }) => to)]);
    expect(spans.at(-1)!.to).toBe(5000);
  });

  it('brings audio back, from work done elsewhere, in both subprotocols', async () => {
    for (const protocol of ['json', 'pb'] as const) {
      const { results, end } = await stream({ pipeline: 'echo', protocol }, async (client) => {
        await client.send(samples.subarray(0, 2000));
        await client.finalize();
      });
      const back = results.flatMap(({ data }) => [...(data as { samples: Float32Array }).samples]);
      expect(back).toEqual([...samples.subarray(0, 2000)].map((x) => x / 32768));
      expect(end.offset).toBe(2000);
    }
  });

  it('mixes and resamples what comes in, and answers on the rows that came', async () => {
    const format = { encoding: 'f32le', rate: 48_000, channels: 2 } as const;
    const { end, results } = await stream({ format }, (client) => client.send(noise(2 * 48_000, seeded(4))));
    expect(end.offset).toBe(48_000);
    expect(results.length).toBeGreaterThan(90);
    expect(results.at(-1)!.to).toBe(48_000);
  });
});

describe('sensor rows as csv', () => {
  const format = { encoding: 'csv', rate: 0, fields: ['t', 'a', 'b'], time: 't', time_unit: 's' } as const;
  const text = 't,a,b\n1,1,2\n2,,3\n3,bad,4\n4,5,6\n';

  it('gives a forecast per row with its time, null for missing, a gap and an error for a faulty row', async () => {
    const errors: string[] = [];
    const onError = (error: Error) => errors.push(error.message);
    const { end, results, gaps } = await stream({ pipeline: 'mean', format, onError }, (client) => client.send(text));
    expect(results.map(({ from, t_us }) => [from, t_us])).toEqual([
      [0, 1e6],
      [1, 2e6],
      [3, 4e6],
    ]);
    expect(results[1]!.data).toMatchObject({ mean: [[0.1, 0.48]], anomaly: [null, 2.8] });
    expect(gaps).toEqual([{ type: 'gap', from: 2, to: 3, why: 'fault' }]);
    expect(errors).toEqual(['row 2: column a is not a number']);
    expect(end).toMatchObject({ offset: 4, results: 3, gaps: 1 });
  });

  it('is the same line by line, in pb, and as ndjson', async () => {
    const quiet = { pipeline: 'mean', format, onError: () => undefined };
    const whole = await stream(quiet, (client) => client.send(text));
    const lines = await stream({ ...quiet, protocol: 'pb' }, async (client) => {
      for (const line of text.split('\n')) if (line) await client.send(line);
    });
    expect(lines).toEqual(whole);
    const ndjson = await stream({ ...quiet, format: { ...format, encoding: 'ndjson' } }, (client) =>
      client.send('[1,1,2]\n[2,null,3]\n[3,"bad",4]\n{"t":4,"a":5,"b":6}'),
    );
    expect(ndjson).toEqual(whole);
  });
});

describe('trouble that does not end a stream', () => {
  it('is told with a code, and nothing of the message is taken', async () => {
    const client = await openRaw(server.url);
    client.send(START);
    await client.next('ready');
    client.send(new Uint8Array(0));
    client.send(new Uint8Array(321));
    client.send({ type: 'restored', id: 'x' });
    client.send({ type: 'gap', from: 5, to: 10 });
    client.send({ type: 'gap', from: 0, to: 0 });
    client.send(START);
    client.send({ type: 'keepalive', unknown: 'field' });
    client.send(new Uint8Array(640));
    client.send({ type: 'close' });
    const end = await client.next('end');
    expect(end).toMatchObject({ offset: 320, results: 2, gaps: 0 });
    const errors = client.messages.filter((message) => message.type === 'error');
    expect(errors.map(({ code, fatal }) => [code, fatal])).toEqual([
      ['ERR_PARTIAL_SAMPLE', false],
      ['ERR_TYPE_UNKNOWN', false],
      ['ERR_GAP_INVALID', false],
      ['ERR_GAP_INVALID', false],
      ['ERR_TYPE_UNKNOWN', false],
    ]);
    expect(errors[0]!.expected).toContain('a multiple of 2 bytes');
    expect(await client.closed).toEqual({ code: 1000, reason: 'end' });
    expect(client.messages.at(-1)!.type).toBe('end');
  });

  it('turns NaN samples into a gap of their rows, the same whatever the chunking', async () => {
    const format = { encoding: 'f32le', rate: 16_000, channels: 1 } as const;
    const rows = noise(4000, seeded(6));
    rows.fill(Number.NaN, 1000, 1010);
    rows[2000] = Infinity;
    const errors: string[] = [];
    const onError = (error: { code?: string } & Error) => errors.push(`${error.code} ${error.message}`);
    const whole = await stream({ format, onError }, (client) => client.send(rows));
    expect(errors).toEqual(['ERR_NON_FINITE_INPUT 11 rows hold NaN or Infinity']);
    expect(whole.gaps.map(({ from, to, why }) => [from, to, why])).toEqual([
      [960, 1010, 'fault'],
      [1970, 2001, 'fault'],
    ]);
    const cut = await stream({ format, onError }, async (client) => {
      for (let at = 0; at < rows.length; at += 333) await client.send(rows.subarray(at, at + 333));
    });
    expect(cut.end.digest).toBe(whole.end.digest);
    expect(whole.results.every(({ data }) => Number.isFinite((data as { energy: number }).energy))).toBe(true);
  });

  it('lets a client send before ready', async () => {
    const client = await openRaw(server.url, []);
    client.send(START);
    client.send(new Uint8Array(3200));
    client.send({ type: 'close' });
    expect(await client.next('end')).toMatchObject({ offset: 1600, results: 10 });
  });

  it('declares rows lost when an offset jumps', async () => {
    const socket = new WebSocket(server.url, ['millrace.v1.pb']);
    const heard: ServerMessage[] = [];
    socket.on('message', (data) => heard.push(pbCodec.decodeServer(data as Buffer)));
    await new Promise((resolve) => socket.on('open', resolve));
    const data = new Uint8Array(320);
    for (const message of [START, { type: 'rows', offset: 320, data }, { type: 'close' }] satisfies ClientMessage[]) {
      socket.send(pbCodec.encodeClient(message));
    }
    await new Promise((resolve) => socket.on('close', resolve));
    expect(heard.filter(({ type }) => type === 'gap' || type === 'result' || type === 'end')).toMatchObject([
      { type: 'gap', from: 0, to: 320, why: 'lost' },
      { type: 'result', from: 320, to: 480 },
      { type: 'end', offset: 480, results: 1, gaps: 1 },
    ]);
  });
});

describe('many streams', () => {
  it('runs fifty at once, each as if alone', async () => {
    const alone = await stream({}, inPieces(2000, 1));
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, i) => stream({ protocol: i % 2 ? 'pb' : 'json' }, inPieces(2000, i))),
    );
    for (const { end } of all) expect(end).toEqual(alone.end);
  });

  it('knows how many there are', async () => {
    const before = server.streams.sessions();
    const client = connect(server.url, { pipeline: 'energy', format: audio });
    await client.ready;
    expect(server.streams.sessions()).toBe(before + 1);
    await client.end();
    expect(server.streams.sessions()).toBe(before);
  });
});
