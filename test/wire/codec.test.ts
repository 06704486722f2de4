// Both codecs alike: messages, rows and results go over unchanged, and what is wrong is refused in the same words. What is one
// codec's own: each-codec.test.ts.

import { describe, expect, it } from 'vitest';
import { EngineError } from '../../src/base/errors.ts';
import { micros } from '../../src/base/units.ts';
import type { Chunk, Forecast, ResultItem } from '../../src/item/item.ts';
import type { Codec } from '../../src/wire/codec.ts';
import { jsonCodec } from '../../src/wire/json-codec.ts';
import type { ClientMessage, ServerMessage } from '../../src/wire/messages.ts';
import { pbCodec } from '../../src/wire/pb-codec.ts';
import { fromResultMessage, toResultMessage } from '../../src/wire/result-message.ts';
import { audioFormat, codeOf, frameOf, text } from '../helpers/frames.ts';
import { detectionOf, seeded } from '../helpers/items.ts';

const codecs: readonly Codec[] = [jsonCodec, pbCodec];
const clientMessages: readonly ClientMessage[] = [
  { type: 'start', v: 1, pipeline: 'vad', format: audioFormat },
  {
    type: 'start',
    v: 1,
    pipeline: 'forecast',
    stream: 's-7',
    format: { encoding: 'csv', rate: 0, fields: ['t', 'a', 'b'], time: 't', time_unit: 'ms' },
    frame: 'framed',
    policy: 'drop_oldest',
    ack_ms: 100,
    options: { model: 'small', horizon: 12 },
  },
  { type: 'start', v: 1, pipeline: 'vad', format: audioFormat, resume: {} },
  { type: 'start', v: 1, pipeline: 'vad', format: audioFormat, resume: { token: 'k.s', seq: 7 } },
  { type: 'start', v: 1, pipeline: 'vad', format: audioFormat, policy: 'block', resume: { state: 'AbC_-' } },
  { type: 'snapshot', id: 's1', inline: true },
  { type: 'fork', id: 'k1', stream: 'other' },
  { type: 'update', id: 'u1', options: { threshold: 0.5, mode: 'fast' } },
  { type: 'received', seq: 2 ** 40 },
  { type: 'gap', from: 48_000, to: 2 ** 40, why: 'client_overrun' },
  { type: 'keepalive' },
  { type: 'finalize', id: 'f1' },
  { type: 'reset', id: 'r1' },
  { type: 'close' },
];
const serverMessages: readonly ServerMessage[] = [
  {
    type: 'ready',
    session: 'abc',
    stream: 's-7',
    recovered: false,
    offset: 0,
    seq: 0,
    pipeline: 'vad',
    model: { name: 'vad', sha256: 'ff' },
    numerics: 'portable-1',
    state_bytes: 38_912,
    credit: 64_000,
    limits: { max_message: 65_536, idle_ms: 60_000, max_gap: 1000, max_outstanding: 100 },
  },
  {
    type: 'ready',
    session: 'abc',
    stream: 's-7',
    recovered: false,
    offset: 0,
    seq: 0,
    pipeline: 'vad',
    numerics: 'portable-1',
    state_bytes: 38_912,
    credit: 64_000,
    limits: {
      ...{ max_message: 65_536, idle_ms: 60_000, max_gap: 1000, max_outstanding: 100, max_backlog: 2, max_log: 3 },
      ...{ max_streams_per_key: 4, max_streams_per_address: 5, max_handshakes_per_minute: 6 },
    },
    frame: 'framed',
    framed: [{ op: 'vad', values: ['speech', 'noise'] }],
  },
  { type: 'ack', offset: 3200, credit: 64_000, lag_ms: 1.8 },
  { type: 'ack', offset: 3200, credit: 64_000, lag_ms: 1.8, durable: 1600 },
  { type: 'snapshot', id: 's1', offset: 10, seq: 2, state: 'AbC', expires_ms: 1e12 },
  { type: 'fork', id: 'k1', offset: 10, seq: 2, token: 'k.s' },
  { type: 'update', id: 'u1', options: { threshold: 0.5, mode: 'fast' }, offset: 10 },
  { type: 'drain', deadline_ms: 10, token: 'k.s', url: 'wss://elsewhere/v1/stream' },
  { type: 'result', seq: 0, op: 'vad', from: 0, to: 160, final: true, data: { speech: 0.97, noise: null } },
  { type: 'gap', from: 0, to: 10, why: 'shed' },
  { type: 'finalized', id: 'f1', offset: 3200, seq: 20 },
  { type: 'reset', id: 'r1', offset: 0 },
  { type: 'error', code: 'ERR_TYPE_UNKNOWN', fatal: false, message: 'no', expected: 'yes' },
  { type: 'error', code: 'ERR_IDLE', fatal: true, message: 'no' },
  { type: 'end', offset: 3200, results: 20, gaps: 0, digest: 'sha256:00' },
  { type: 'drain', deadline_ms: 5000 },
];

describe.each(codecs)('$protocol', (codec) => {
  it.each(clientMessages)('brings $type to the server unchanged', (message) => {
    const decoded = codec.decodeClient(frameOf(codec.encodeClient(message)));
    expect(decoded).toEqual(message.type === 'start' && codec === pbCodec ? { options: {}, ...message } : message);
  });

  it.each(serverMessages)('brings $type to the client unchanged', (message) => {
    expect(codec.decodeServer(codec.encodeServer(message))).toEqual(message);
  });

  it('carries rows byte for byte', () => {
    const data = Uint8Array.of(1, 2, 3, 255);
    const decoded = codec.decodeClient(frameOf(codec.encodeClient({ type: 'rows', data })));
    expect(decoded.type === 'rows' && [...decoded.data]).toEqual([1, 2, 3, 255]);
  });

  it('brings every kind of result back with the same float32 bits, NaN included', () => {
    const random = seeded(5);
    const column = (count: number) =>
      Float32Array.from({ length: count }, () =>
        random() < 0.1 ? Number.NaN : (random() - 0.5) * 10 ** (20 * random() - 10),
      );
    for (let run = 0; run < 50; run++) {
      const forecast: Forecast = {
        kind: 'forecast',
        from: run,
        to: run + 1,
        pts: micros(1.7e15 + run),
        width: 3,
        horizons: Uint32Array.of(1, 2, 24),
        mean: column(9),
        lower: column(9),
        upper: column(9),
        anomaly: column(3),
      };
      const nine = { ...forecast, quantiles: column(81), experts: Uint8Array.of(0, 1, 0, 0, 2, 1, 1, 0, 2) };
      const told: Forecast = { ...nine, expertNames: ['own', 'season', 'last'] };
      const chunk: Chunk = { kind: 'chunk', from: 0, to: 4, pts: micros(0), rows: 4, width: 2, data: column(8) };
      const values = { b: column(1)[0]!, a: Math.fround(random()), 'ä "quoted"': 0.5, 7: Math.fround(1e-30) };
      for (const item of [forecast, told, chunk, detectionOf('vad', 160, 320, values)] satisfies ResultItem[]) {
        const message = codec.decodeServer(codec.encodeServer(toResultMessage(7, item)));
        expect(message.type === 'result' && fromResultMessage(message, 16_000)).toEqual(item);
        expect(message).toEqual(toResultMessage(7, item));
        expect(codec.encodeResult(7, item)).toEqual(codec.encodeServer(toResultMessage(7, item)));
      }
    }
  });

  it('says what is wrong with start, by field', () => {
    const start = (more: object): (() => unknown) => {
      const message = {
        type: 'start',
        v: 1,
        pipeline: 'vad',
        format: audioFormat,
        ...more,
      } as unknown as ClientMessage;
      return () => codec.decodeClient(frameOf(codec.encodeClient(message)));
    };
    expect(codeOf(start({ v: 2 }))).toMatchObject({ code: 'ERR_WIRE_VERSION', expected: '1' });
    expect(codeOf(start({ pipeline: '' }))).toMatchObject({
      code: 'ERR_START_INVALID',
      message: 'start.pipeline is ""',
    });
    expect(codeOf(start({ format: undefined }))).toMatchObject({ code: 'ERR_START_INVALID' });
    expect(codeOf(start({ format: { encoding: 'opus' } }))).toMatchObject({
      code: 'ERR_FORMAT_UNSUPPORTED',
      expected: 'one of pcm_s16le, f32le, csv, ndjson',
    });
    expect(codeOf(start({ format: { encoding: 'f32le', rate: -1, channels: 1 } })).message).toBe(
      'start.format.rate is -1',
    );
    expect(codeOf(start({ format: { encoding: 'f32le', rate: 1 } })).message).toBe('start.format.channels is missing');
    expect(codeOf(start({ format: { encoding: 'csv', fields: ['a', 'a'] } })).message).toContain('format.fields');
    expect(codeOf(start({ format: { encoding: 'csv', fields: ['a'], time: 'b' } })).expected).toBe(
      'one of format.fields',
    );
    expect(codeOf(start({ format: { encoding: 'csv', fields: ['a'], channels: 2 } })).expected).toContain(
      '1, as fields',
    );
    expect(codeOf(start({ policy: 'drop' })).expected).toBe('one of block, drop_oldest, reject');
    expect(codeOf(start({ ack_ms: 5 })).expected).toContain('from 20 to 10000');
    expect(codeOf(start({ frame: 'packed' }))).toMatchObject({
      message: 'start.frame is "packed"',
      expected: 'one of raw, framed',
    });
  });

  it('gives an unknown type as an error that is not fatal, and ignores unknown fields', () => {
    const unknown = codec === pbCodec ? frameOf(Uint8Array.of(0xba, 0x3e, 0x00)) : text('{"type":"restored","id":"x"}');
    expect(codeOf(() => codec.decodeClient(unknown))).toMatchObject({ code: 'ERR_TYPE_UNKNOWN' });
    const more =
      codec === pbCodec ? frameOf(Uint8Array.of(0x22, 3, 0xa0, 0x06, 1)) : text('{"type":"keepalive","x":1}');
    expect(codec.decodeClient(more)).toEqual({ type: 'keepalive' });
  });

  it('answers any bytes with a message or a coded error', () => {
    const random = seeded(11);
    for (let run = 0; run < 3000; run++) {
      const bytes = Uint8Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 256));
      const [first] = bytes;
      if (first !== undefined && run % 2 === 0) bytes[0] = [0x0a, 0x12, 0x1a, 0x2a, 0x7b][first % 5]!;
      try {
        codec.decodeClient({ text: codec === jsonCodec, bytes });
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(EngineError);
      }
    }
  });
});
