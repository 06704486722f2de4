import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EngineError } from '../../base/errors.ts';
import { openFormat } from './open-format.ts';
import { SENSOR_FORMATS, type SensorFormat } from './sensor-formats.ts';

const utf8 = new TextEncoder();
const hear = async (name: SensorFormat, text: string, options = {}) =>
  (await openFormat(name, options))('t', utf8.encode(text), 0).readings.map(({ column, time, value }) => [
    column,
    time,
    value,
  ]);

describe('formats by name', () => {
  it('reads rows of NDJSON, a row a line, naming the line that is none', async () => {
    expect(await hear('ndjson', '{"ts":1,"v":2}\n\n{"ts":2,"v":3}\n', { timeUnit: 's' })).toEqual([
      ['v', 1e6, 2],
      ['v', 2e6, 3],
    ]);
    await expect(hear('ndjson', '{"v":2}\n{"v"')).rejects.toThrow('line 2: it is not JSON');
  });

  it('reads CSV with its own header or with named fields', async () => {
    const times = { time: 'ts', timeUnit: 'ns' };
    const rows = [
      ['a', 1_767_225_600_000_000, 1.5],
      ['b', 1_767_225_600_000_000, Number.NaN],
    ];
    expect(await hear('csv', 'ts,a,b\n1767225600000000000,1.5,\n', times)).toEqual(rows);
    expect(await hear('csv', '1767225600000000000,1.5,', { ...times, fields: ['ts', 'a', 'b'] })).toEqual(rows);
    await expect(hear('csv', 'ts,a\n1,x', { time: 'ts', timeUnit: 's' })).rejects.toThrow(
      'row 1, column "a": not a number',
    );
    await expect(hear('csv', 'a\n1', { time: 'ts' })).rejects.toThrow('no column "ts"');
    await expect(hear('csv', '1,2')).rejects.toThrow('columns without names');
  });
});

// Whatever comes, a message is read whole or refused with a code: nothing else is thrown, and what is read is sound.
describe('any bytes at all', () => {
  const pieces = fc.constantFrom(
    ...'{}[]",:=\\ \n\r#-.0123456789eEtfiu_'.split(''),
    ...[
      '"v"',
      '"n"',
      '"bn"',
      '"t"',
      '"bt"',
      'null',
      'true',
      'm,a=1 v=2',
      ' 1556813561098000000',
      '1e999',
      '\u0000',
      'é',
    ],
  );
  const texts = fc.array(pieces, { maxLength: 60 }).map((parts) => utf8.encode(parts.join('')));
  const json = fc.json().map((text) => utf8.encode(text));
  const records = fc
    .array(
      fc.dictionary(
        fc.constantFrom('bn', 'bt', 'bv', 'bs', 'bver', 'n', 'u', 'v', 'vs', 'vb', 's', 't', 'x_', 'time', 'ts'),
        fc.oneof(fc.double(), fc.constantFrom('a', 'urn:x', ''), fc.boolean(), fc.constant(null)),
      ),
    )
    .map((rows) => utf8.encode(JSON.stringify(rows)));
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 80 }), texts, json, records);
  const topics = fc.constantFrom(
    't',
    'spBv1.0/g/NBIRTH/n',
    'spBv1.0/g/NDATA/n',
    'spBv1.0/g/DBIRTH/n/d',
    'spBv1.0/g/NDEATH/n',
  );

  it.each(SENSOR_FORMATS)('is read or refused as %s', async (name) => {
    const listen = await openFormat(name);
    fc.assert(
      fc.property(topics, bytes, (topic, message) => {
        try {
          for (const { column, time, value } of listen(topic, message, 1e15).readings) {
            expect(column).not.toBe('');
            expect(Number.isNaN(time) || Number.isSafeInteger(time)).toBe(true);
            expect(Number.isNaN(value) || Number.isFinite(value)).toBe(true);
          }
        } catch (thrown) {
          if (!(thrown instanceof EngineError)) throw thrown;
          expect(['ERR_ROW_MALFORMED', 'ERR_WIRE_MALFORMED']).toContain(thrown.code);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
