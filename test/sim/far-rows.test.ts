// Rows beyond 2^31 and 2^32, a day of 48 kHz audio: streams that declare a gap of nearly so many rows and then send go over
// the real wire in each of its forms, lose their connection on the very row, and must say what a session in this process says,
// each number exact. A whole day without a gap: virtual-day.mjs.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type RunningServer, startServer } from '../../src/app/commands/serve.ts';
import { createOpenPipeline } from '../../src/app/open-pipeline.ts';
import { connect, fromResultMessage, type GapMessage, type ResultMessage } from '../../src/client/index.ts';
import type { StreamFormat } from '../../src/pipeline/define-pipeline.ts';
import { decodeSnapshot, encodeSnapshot } from '../../src/wire/snapshot-codec.ts';
import { noise, seeded } from '../helpers/items.ts';
import { openSession } from '../helpers/sessions.ts';

const open = createOpenPipeline();
const PLACES = [2 ** 31, 2 ** 32];
const FORMS = [{}, { protocol: 'pb' }, { frame: 'framed' }, { protocol: 'pb', frame: 'framed' }] as const;
const STREAMS = [
  { pipeline: 'vad', options: {}, rateHz: 48_000 },
  { pipeline: 'denoise', options: { model: 'small' }, rateHz: 44_100 },
] as const;
/** Before the gap, and on each side of the place. */
const ROWS = 6000;
const samples = Int16Array.from(noise(3 * ROWS, seeded(5)), (x) => x * 20_000);

type Asked = (typeof STREAMS)[number];

/** In one process: rows, a gap that ends `ROWS` before the place, rows over it. A snapshot goes on in another session there. */
async function nearby({ pipeline, options, rateHz }: Asked, place: number) {
  const loaded = await open(pipeline, options);
  const source: StreamFormat = { rateHz, width: 1 };
  const rows = Float32Array.from(samples, (value) => value / 32_768);
  const first = openSession(loaded, source);
  first.session.rows(rows.subarray(0, ROWS));
  first.session.gap(place - 2 * ROWS, 'client');
  first.session.rows(rows.subarray(ROWS, 2 * ROWS));
  await first.session.idle();
  const snapshot = decodeSnapshot(encodeSnapshot(first.session.snapshot()));
  const next = openSession(loaded, source, { snapshot });
  next.session.rows(rows.subarray(2 * ROWS));
  next.session.mark('end');
  await next.session.idle();
  return { outputs: [...first.outputs, ...next.outputs], snapshot, summary: next.session.summary() };
}

describe.each(STREAMS)('$pipeline at $rateHz Hz', (asked) => {
  it.each(PLACES)('counts rows exactly over row %i', async (place) => {
    const { outputs, snapshot, summary } = await nearby(asked, place);
    expect(snapshot.offset).toBe(place);
    expect(summary).toMatchObject({ offset: place + ROWS, gaps: 1 });
    let to = 0;
    let seq = 0;
    for (const { seq: number, item } of outputs) {
      expect(item.from).toBe(to);
      expect(item.pts).toBe(Math.round((item.from * 1e6) / asked.rateHz));
      if (item.kind !== 'gap') expect(number).toBe(seq++);
      if (item.kind === 'detection')
        // A reading ends a millisecond before a whole hop, which is what the resampler holds back; the last with the stream.
        expect(item.to === place + ROWS || (item.to + 48) % 480 === 0, `${item.to}`).toBe(true);
      to = item.to;
    }
    expect(to).toBe(place + ROWS);
    const over = outputs.filter(({ item }) => item.kind !== 'gap' && item.to > place - ROWS + 1000);
    expect(over.length).toBeGreaterThan(15);
  });

  describe('over the wire', () => {
    let server: RunningServer;
    beforeAll(async () => {
      server = await startServer({ host: '127.0.0.1', port: 0, warm: ['none'], limits: { checkpointMsMax: 50 } });
    });
    afterAll(() => server.close());

    it.each(FORMS.flatMap((form) => PLACES.map((place) => [form, place] as const)))(
      'says so to a client of %o, cut off at row %i',
      async (form, place) => {
        const { outputs, summary } = await nearby(asked, place);
        const results: ResultMessage[] = [];
        const gaps: GapMessage[] = [];
        let socket: WebSocket | undefined;
        const client = connect(`ws://127.0.0.1:${server.port}/v1/stream`, {
          pipeline: asked.pipeline,
          options: asked.options,
          format: { encoding: 'pcm_s16le', rate: asked.rateHz, channels: 1 },
          ...form,
          resume: true,
          ackMs: 20,
          random: () => 0.01,
          socket: (url, protocols) => {
            socket = new WebSocket(url, [...protocols]);
            return socket as never;
          },
          onResult: (message) => results.push(message),
          onGap: (message) => gaps.push(message),
        });
        await client.send(samples.subarray(0, ROWS));
        await client.gap(place - 2 * ROWS);
        await client.send(samples.subarray(ROWS, 2 * ROWS));
        expect(client.offset).toBe(place);
        await client.finalize();
        socket!.terminate();
        await client.send(samples.subarray(2 * ROWS));
        expect(await client.end()).toMatchObject({ ...summary });
        const told = results.map((message) => ({ seq: message.seq, item: fromResultMessage(message, asked.rateHz) }));
        expect(told).toEqual(outputs.filter(({ item }) => item.kind !== 'gap').map(({ seq, item }) => ({ seq, item })));
        const wanted = outputs.flatMap(({ item }) => (item.kind === 'gap' ? [item] : []));
        expect([gaps[0]?.from, gaps.at(-1)?.to]).toEqual([wanted[0]!.from, wanted.at(-1)!.to]);
      },
    );
  });
});
