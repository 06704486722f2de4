// What is one codec's own: the exact text of JSON and what JSON alone can get wrong, the envelopes of protobuf. What both do
// alike: codec.test.ts.

import { describe, expect, it } from 'vitest';
import { micros } from '../../src/base/units.ts';
import type { Forecast } from '../../src/item/item.ts';
import { jsonCodec } from '../../src/wire/json-codec.ts';
import type { ClientMessage, RowsMessage } from '../../src/wire/messages.ts';
import { pbCodec } from '../../src/wire/pb-codec.ts';
import { toResultMessage } from '../../src/wire/result-message.ts';
import { schema } from '../../src/wire/schema.ts';
import { audioFormat, codeOf, frameOf, text } from '../helpers/frames.ts';
import { detectionOf } from '../helpers/items.ts';

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
