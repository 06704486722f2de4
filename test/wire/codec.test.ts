import { describe, expect, it } from 'vitest';
import { EngineError } from '../../src/base/errors.ts';
import { micros } from '../../src/base/units.ts';
import type { Chunk, Forecast, ResultItem } from '../../src/item/item.ts';
import type { Codec, Frame } from '../../src/wire/codec.ts';
import { jsonCodec } from '../../src/wire/json-codec.ts';
import type { ClientMessage, RowsMessage, ServerMessage } from '../../src/wire/messages.ts';
import { pbCodec } from '../../src/wire/pb-codec.ts';
import { fromResultMessage, toResultMessage } from '../../src/wire/result-message.ts';
import { schema } from '../../src/wire/schema.ts';
import { detectionOf, seeded } from '../helpers/items.ts';

const codecs: readonly Codec[] = [jsonCodec, pbCodec];
const text = (value: string): Frame => ({ text: true, bytes: new TextEncoder().encode(value) });
const frameOf = (data: string | Uint8Array): Frame =>
  typeof data === 'string' ? text(data) : { text: false, bytes: data };

function codeOf(action: () => unknown): { code: string; expected: string | undefined; message: string } {
  try {
    action();
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    return { code: thrown.code, expected: thrown.expected, message: thrown.message };
  }
  throw new Error('nothing was thrown');
}

const audioFormat = { encoding: 'pcm_s16le', rate: 16000, channels: 1 } as const;
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

describe('millrace.v1 as text', () => {
  it('is exactly what is documented', () => {
    const item = detectionOf('vad', 3040, 3200, { speech: Math.fround(0.97) });
    expect(jsonCodec.encodeServer(toResultMessage(12, item))).toBe(
      '{"type":"result","seq":12,"op":"vad","from":3040,"to":3200,"final":true,"data":{"speech":0.97}}',
    );
    const forecast: Forecast = {
      kind: 'forecast',
      from: 4,
      to: 5,
      pts: micros(1e6),
      width: 2,
      horizons: Uint32Array.of(1, 2),
      mean: Float32Array.of(0.1, 0.2, 0.3, 0.4),
      lower: Float32Array.of(0, 0, 0, 0),
      upper: Float32Array.of(1, 1, 1, Number.NaN),
      anomaly: Float32Array.of(0.5, Number.NaN),
    };
    expect(jsonCodec.encodeServer(toResultMessage(4, forecast))).toBe(
      '{"type":"result","seq":4,"op":"forecast","from":4,"to":5,"final":true,"t_us":1000000,"data":{"horizons":[1,2],' +
        '"mean":[[0.1,0.2],[0.3,0.4]],"lower":[[0,0],[0,0]],"upper":[[1,1],[1,null]],"anomaly":[0.5,null]}}',
    );
  });

  it.each([
    ['not JSON', text('{"type":')],
    ['JSON but no object', text('[1]')],
    ['not UTF-8', { text: true, bytes: Uint8Array.of(0x22, 0xff, 0x22) }],
  ])('refuses what is %s', (_, frame) => {
    expect(codeOf(() => jsonCodec.decodeClient(frame)).code).toBe('ERR_WIRE_MALFORMED');
  });

  it('names what it cannot do: options that are neither text nor number', () => {
    const start = { type: 'start', v: 1, pipeline: 'p', format: audioFormat, options: { deep: { a: 1 } } };
    expect(codeOf(() => jsonCodec.decodeClient(text(JSON.stringify(start))))).toMatchObject({
      code: 'ERR_OPTION_INVALID',
      message: 'option "deep" is of type object',
    });
    expect(codeOf(() => jsonCodec.decodeClient(text(JSON.stringify({ ...start, options: [] })))).code).toBe(
      'ERR_START_INVALID',
    );
  });
});

describe('start.resume', () => {
  const decode = (more: object) => {
    const start = { type: 'start', v: 1, pipeline: 'p', format: audioFormat, ...more };
    return jsonCodec.decodeClient(text(JSON.stringify(start)));
  };

  it('is asked for with true or an object, and is absent otherwise', () => {
    for (const resume of [true, {}]) expect(decode({ resume })).toMatchObject({ resume: {} });
    for (const resume of [null, false, undefined]) expect(decode({ resume })).not.toHaveProperty('resume');
  });

  it.each([
    [{ resume: 7 }, 'ERR_START_INVALID'],
    [{ resume: [] }, 'ERR_START_INVALID'],
    [{ resume: { token: 'a', state: 'b' } }, 'ERR_START_INVALID'],
    [{ resume: { seq: -1 } }, 'ERR_START_INVALID'],
    [{ resume: {}, policy: 'drop_oldest' }, 'ERR_START_INVALID'],
    [{ resume: { token: 5 } }, 'ERR_STATE_GONE'],
    [{ resume: { state: {} } }, 'ERR_STATE_SEAL'],
  ])('refuses %o', (more, code) => {
    expect(codeOf(() => decode(more)).code).toBe(code);
  });
});

describe('millrace.v1.pb', () => {
  it('refuses text and truncated envelopes', () => {
    expect(codeOf(() => pbCodec.decodeClient(text('{"type":"keepalive"}'))).code).toBe('ERR_WIRE_MALFORMED');
    const whole = pbCodec.encodeClient({ type: 'finalize', id: 'long enough to cut' }) as Uint8Array;
    expect(codeOf(() => pbCodec.decodeClient(frameOf(whole.subarray(0, 8)))).code).toBe('ERR_WIRE_MALFORMED');
  });

  it('keeps an absent offset apart from offset 0', () => {
    const decode = (message: ClientMessage) => pbCodec.decodeClient(frameOf(pbCodec.encodeClient(message)));
    expect(decode({ type: 'rows', data: Uint8Array.of(1) })).not.toHaveProperty('offset');
    expect(decode({ type: 'rows', offset: 0, data: Uint8Array.of(1) })).toHaveProperty('offset', 0);
  });

  it('reads rows past the whole schema as it does with it', () => {
    const data = Uint8Array.of(1, 2, 3);
    for (const offset of [undefined, 0, 1, 2 ** 31, 2 ** 32 + 5, 2 ** 53 - 1]) {
      const fields = offset === undefined ? { data } : { offset, data };
      const bytes = pbCodec.encodeClient({ type: 'rows', ...fields }) as Uint8Array;
      const decoded = pbCodec.decodeClient(frameOf(bytes)) as RowsMessage;
      expect({ ...decoded, data: [...decoded.data] }).toEqual({ type: 'rows', ...fields, data: [1, 2, 3] });
      // An unknown field behind it, or a cut, goes to the schema: the same answer, or a coded error.
      const more = Uint8Array.of(0x12, bytes[1]! + 3, ...bytes.subarray(2), 0xa0, 0x06, 1);
      const generic = pbCodec.decodeClient(frameOf(more)) as RowsMessage;
      expect({ ...generic, data: [...generic.data] }).toEqual({ ...decoded, data: [1, 2, 3] });
      expect(codeOf(() => pbCodec.decodeClient(frameOf(bytes.subarray(0, -1)))).code).toBe('ERR_WIRE_MALFORMED');
    }
  });

  it('refuses an offset that a number cannot hold', () => {
    const bytes = schema('Envelope').encode({ rows: { offset: 2 ** 60, data: Uint8Array.of(1) } });
    expect(codeOf(() => pbCodec.decodeClient(frameOf(bytes))).code).toBe('ERR_SEQ_REGRESSION');
  });
});
