// The hex dump is that of RFC 8428, section 6, the records those of its section 5.1.3.

import { encode, Tagged } from 'cborg';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EngineError } from '../../../base/errors.ts';
import { CBOR_BYTES_MAX, CONTAINERS_MAX } from './bounded-tokens.ts';
import { decodeSenml } from './decode-senml.ts';
import { CBOR_LABELS, decodeSenmlCbor } from './decode-senml-cbor.ts';

const NOW = 1_800_000_000_000_000;
const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
const short = (bytes: Uint8Array) =>
  decodeSenmlCbor(bytes, NOW).map(({ column, time, value }) => [column, time, value]);
const refused = (message: string) => expect.objectContaining({ code: 'ERR_ROW_MALFORMED', message });

const RFC_RECORDS = `
  a7 21 78 1b 75726e3a6465763a6f773a3130653230373361303130383030363a 22 fb 41d303a15b001062 23 61 41 20 05 00 67 766f6c74616765
     01 61 56 02 fb 405e066666666666
  a3 00 67 63757272656e74 06 24 02 fb 3ff3333333333333
  a3 00 67 63757272656e74 06 23 02 fb 3ff4cccccccccccd
  a3 00 67 63757272656e74 06 22 02 fb 3ff6666666666666
  a3 00 67 63757272656e74 06 21 02 f9 3e00
  a3 00 67 63757272656e74 06 20 02 fb 3ff999999999999a
  a3 00 67 63757272656e74 06 00 02 fb 3ffb333333333333`;
const RFC_JSON = `[{"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,"bu":"A","bver":5,"n":"voltage","u":"V","v":120.1},
  {"n":"current","t":-5,"v":1.2},{"n":"current","t":-4,"v":1.3},{"n":"current","t":-3,"v":1.4},
  {"n":"current","t":-2,"v":1.5},{"n":"current","t":-1,"v":1.6},{"n":"current","v":1.7}]`;

/** Records with the labels of JSON as a pack in CBOR. */
const packed = (records: readonly Record<string, unknown>[]): Uint8Array =>
  encode(
    records.map((record) => new Map(Object.entries(record).map(([name, value]) => [CBOR_LABELS[name] ?? name, value]))),
  );

describe('SenML in CBOR', () => {
  it('reads the example of the standard, as its JSON', () => {
    const readings = decodeSenmlCbor(hex(`87 ${RFC_RECORDS}`), NOW);
    expect(readings).toEqual(decodeSenml(RFC_JSON, NOW));
    expect(readings).toHaveLength(7);
    expect(readings[0]).toMatchObject({ column: 'urn:dev:ow:10e2073a0108006:voltage', time: 1_276_020_076_001_000 });
  });

  it('reads a stream, which is an array of open length', () => {
    expect(short(hex(`9f ${RFC_RECORDS} ff`))).toEqual(short(hex(`87 ${RFC_RECORDS}`)));
    expect(short(hex('9f bf 00 61 61 02 01 ff ff'))).toEqual([['a', NOW, 1]]);
  });

  it('reads a Buffer that is a part of a larger one', () => {
    const whole = Buffer.concat([Buffer.of(1, 2, 3), hex(`87 ${RFC_RECORDS}`), Buffer.of(9)]);
    expect(short(whole.subarray(3, -1))).toHaveLength(7);
  });

  it('takes decimal fractions to the bit of their text, and integers beyond 2^53 as JSON does', () => {
    // 4([-2, 27315]) and 4([-1, 2^53 + 1]); 273.15 has no exact float
    expect(short(hex('81 a2 00 61 61 02 c4 82 21 19 6ab3'))).toEqual([['a', NOW, 273.15]]);
    expect(short(hex('81 a2 00 61 61 02 c4 82 20 1b 0020000000000001'))).toEqual([
      ['a', NOW, Number('9007199254740993e-1')],
    ]);
    expect(short(hex('81 a2 00 61 61 02 1b ffffffffffffffff'))).toEqual([['a', NOW, 2 ** 64]]);
  });

  it('passes over text, data, and labels that came later, but one that must be understood', () => {
    const later = { n: 'a', v: 1, ct: 'x', deep: [[1, { k: null }]] };
    expect(short(packed([{ n: 'b', vd: Uint8Array.of(1) }, { n: 'c', vs: 'é' }, later]))).toEqual([['a', NOW, 1]]);
    expect(() => short(packed([{ n: 'a', v: 1, must_: 2 }]))).toThrow(
      refused('record 1, field "must_": it must be understood, and is not'),
    );
  });

  it.each([
    ['nothing', '', 'byte 0: it is not CBOR that SenML allows'],
    ['a record alone', 'a2 00 61 61 02 01', 'the message: it is not a SenML pack'],
    ['an empty pack', '80', 'the message: it is not a SenML pack'],
    ['an empty stream', '9f ff', 'the message: it is not a SenML pack'],
    ['no records', '81 01', 'record 1: it is not an object'],
    ['a pack that was cut off', '81 a2 00 61 61 02', 'byte 6: it is not CBOR that SenML allows'],
    ['a stream that was cut off', '9f a2 00 61 61 02 01', 'byte 7: it is not CBOR that SenML allows'],
    ['something behind it', '81 a2 00 61 61 02 01 00', 'byte 7: bytes behind the pack'],
    ['a label twice', '81 a3 00 61 61 02 01 02 02', 'byte 8: it is not CBOR that SenML allows'],
    ['an integer that is no label', '81 a2 00 61 61 09 01', 'record 1, label 9: none of SenML in CBOR'],
    ["JSON's labels", '81 a2 61 6e 61 61 61 76 01', 'record 1, label "n": none of SenML in CBOR'],
    ['a label of no kind', '81 a1 80 01', 'record 1, label of no kind: none of SenML in CBOR'],
    ['text for a number', '81 a2 00 61 61 02 61 31', 'record 1, field "v": not a number'],
    ['NaN', '81 a2 00 61 61 02 f9 7e00', 'record 1, field "v": not a number'],
    ['undefined', '81 a2 00 61 61 02 f7', 'byte 6: it is not CBOR that SenML allows'],
    ['a value too many', '81 a3 00 61 61 02 01 04 f5', 'record 1: more than one value'],
    ['another tag', '81 a2 00 61 61 02 c1 01', 'byte 7: it is not CBOR that SenML allows'],
    ['a fraction of text', '81 a2 00 61 61 02 c4 82 20 61 31', 'byte 11: it is not CBOR that SenML allows'],
    ['a fraction of one', '81 a2 00 61 61 02 c4 81 20', 'byte 9: it is not CBOR that SenML allows'],
    ['a break in a pack', '81 ff', 'byte 1: a break where nothing of open length ends'],
    ['a break for a value', '9f bf 00 61 61 02 ff ff', 'byte 6: a break where nothing of open length ends'],
    ['2^32 records', '9a ffffffff', 'byte 0: more items announced than bytes are left'],
    ['2^63 fields', '81 bb 7fffffffffffffff', 'byte 1: it is not CBOR that SenML allows'],
    ['text of 4 GiB', '81 a1 00 7a ffffffff', 'byte 3: it is not CBOR that SenML allows'],
    ['text in pieces', '81 a1 00 7f 61 61 ff', 'byte 3: it is not CBOR that SenML allows'],
    ['text that is not UTF-8', '81 a2 00 61 61 03 61 ff', 'byte 6: text that is not UTF-8'],
    ['arrays of arrays', '81 81 81 81 81 81 81 81 81 01', 'byte 8: nested too deep'],
    ['tags of tags', '81 a1 00 c4 c4 c4 c4 c4 c4 c4 01', 'byte 9: nested too deep'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => decodeSenmlCbor(hex(bytes), NOW)).toThrow(refused(message));
  });

  it('refuses more bytes and more records than a message needs', () => {
    const many = new Uint8Array(CONTAINERS_MAX + 6).fill(0xa0);
    many.set([0x9a, 0, 1, 0, 1]);
    expect(() => decodeSenmlCbor(many, NOW)).toThrow(refused(`byte ${CONTAINERS_MAX + 4}: too many records`));
    expect(() => decodeSenmlCbor(new Uint8Array(CBOR_BYTES_MAX + 1), NOW)).toThrow(
      refused('the message: it has 1048577 bytes'),
    );
  });

  it('gives the same rows as JSON, or the same refusal', () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
    const number = fc.oneof(finite, fc.integer(), fc.constantFrom(1_276_020_076.001, -5, 0));
    const rarely = <T>(wrong: fc.Arbitrary<T>, right: fc.Arbitrary<T>) =>
      fc.oneof({ weight: 1, arbitrary: wrong }, { weight: 30, arbitrary: right });
    const value = rarely<Record<string, unknown>>(
      fc.record({ v: number, vs: fc.string(), vb: fc.boolean() }, { requiredKeys: [] }),
      fc.oneof(fc.record({ v: number }), fc.record({ vb: fc.boolean() }), fc.record({ vs: fc.string() })),
    );
    const fields = fc.record(
      {
        ...{ bn: fc.constantFrom('urn:dev:', 'a/'), bt: number, bu: fc.string(), bv: number, bs: number },
        ...{
          bver: rarely(fc.constantFrom(5, 11), fc.constant(10)),
          s: number,
          t: number,
          ut: number,
          later: fc.json(),
        },
      },
      { requiredKeys: [] },
    );
    const name = fc.record({ n: rarely(fc.constantFrom('', 'é'), fc.constantFrom('temp', 'x:1')) });
    const record = fc.tuple(fields, name, value).map((parts): Record<string, unknown> => Object.assign({}, ...parts));
    let read = 0;
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 6 }), (records) => {
        const told = (decode: () => unknown) => {
          try {
            return decode();
          } catch (thrown) {
            if (thrown instanceof EngineError) return `${thrown.code} ${thrown.message}`;
            throw thrown;
          }
        };
        const wanted = told(() => decodeSenml(JSON.stringify(records), NOW));
        if (Array.isArray(wanted) && wanted.length > 0) read++;
        expect(told(() => decodeSenmlCbor(packed(records), NOW))).toEqual(wanted);
      }),
      { numRuns: 500, seed: 8428 },
    );
    expect(read).toBeGreaterThan(100); // the generator is not one of refusals alone
  });

  it('reads or refuses whatever lies near a pack', () => {
    const pack = hex(`87 ${RFC_RECORDS}`);
    const change = fc.record({ at: fc.nat(pack.length - 1), to: fc.nat(255), cut: fc.nat(pack.length) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = pack.slice();
        for (const { at, to } of changes) bytes[at] = to;
        try {
          const message = changes.length > 2 ? bytes.subarray(0, changes[0]!.cut) : bytes;
          for (const { time, value } of decodeSenmlCbor(message, NOW)) {
            expect(Number.isSafeInteger(time) && Number.isFinite(value)).toBe(true);
          }
        } catch (thrown) {
          if (!(thrown instanceof EngineError)) throw thrown;
          expect(thrown.code).toBe('ERR_ROW_MALFORMED');
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('takes decimal fractions of any size', () => {
    fc.assert(
      fc.property(fc.integer({ min: -30, max: 30 }), fc.maxSafeInteger(), (exponent, mantissa) => {
        const fraction = new Tagged(4, [exponent, mantissa]);
        expect(short(packed([{ n: 'a', v: fraction }]))).toEqual([['a', NOW, Number(`${mantissa}e${exponent}`)]]);
      }),
      { numRuns: 200 },
    );
  });
});
