import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readNumber, readTime } from '../../src/wire/cell-text.ts';
import { decodeCsv, readCsvHeader } from '../../src/wire/csv.ts';
import type { FormatMessage } from '../../src/wire/messages.ts';
import { decodeRows, encodeRows } from '../../src/wire/rows.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);

describe('binary rows', () => {
  const stereo: FormatMessage = { encoding: 'pcm_s16le', rate: 48_000, channels: 2 };

  it('reads int16 as value / 32768, at any alignment', () => {
    const bytes = Uint8Array.of(9, 0x00, 0x80, 0xff, 0x7f, 0x01, 0x00, 0x00, 0x00).subarray(1);
    expect([...decodeRows(bytes, stereo).rows]).toEqual([-1, 32767 / 32768, 1 / 32768, 0]);
  });

  it('refuses what is not whole rows and takes none of it', () => {
    for (const size of [1, 2, 3, 5, 6, 7]) {
      expect(() => decodeRows(new Uint8Array(size), stereo)).toThrowError(/not whole rows of 4/);
    }
    expect(decodeRows(new Uint8Array(8), stereo).count).toBe(2);
  });

  it('writes what it reads', () => {
    const values = Float32Array.of(0.5, -1, 0.25, 1 / 32768);
    expect(decodeRows(encodeRows(values, 'pcm_s16le'), stereo).rows).toEqual(values);
    const odd = Float32Array.of(Number.NaN, Infinity, 1e-40, -0);
    expect(decodeRows(encodeRows(odd, 'f32le'), { encoding: 'f32le', channels: 4 }).rows).toEqual(odd);
    const samples = Int16Array.of(-32768, 32767, 5);
    expect([...encodeRows(samples, 'pcm_s16le')]).toEqual([...new Uint8Array(samples.buffer)]);
    expect([...decodeRows(encodeRows(Float32Array.of(2, -2), 'pcm_s16le'), stereo).rows]).toEqual([32767 / 32768, -1]);
    expect(() => encodeRows(Float32Array.of(Number.NaN), 'pcm_s16le')).toThrowError(/no NaN/);
  });
});

describe('csv rows', () => {
  const fields = ['t', 'a', 'b'];

  it('reads numbers, missing values and a header that says the names of format.fields', () => {
    const decoded = decodeCsv('a,b\n1,2\n,NaN\r\n"3.5",null\nNA, -4e-1\n', { fields: ['a', 'b'] });
    expect([...decoded.rows]).toEqual([1, 2, NaN, NaN, 3.5, NaN, NaN, Math.fround(-0.4)]);
    expect(decoded).toMatchObject({ count: 4, faults: [] });
    expect(decoded.times).toBeUndefined();
  });

  it('keeps a faulty row in its place and goes on', () => {
    const decoded = decodeCsv('1,2\n3,oops\n5\n6,7,8\n0x10,1\nInfinity,1\n9,10', { channels: 2 });
    expect(decoded.count).toBe(7);
    expect(decoded.faults).toEqual([
      { row: 1, column: '2', text: 'oops' },
      { row: 2, column: '2', text: '' },
      { row: 3, column: '3', text: '8' },
      { row: 4, column: '1', text: '0x10' },
      { row: 5, column: '1', text: 'Infinity' },
    ]);
    expect([...decoded.rows]).toEqual([1, 2, 9, 10]);
  });

  it('reads times apart from values; a time that is none is a fault', () => {
    const decoded = decodeCsv('2024-01-01 00:00:00,1,2\nyesterday,3,4\n2024-01-01T00:00:01.5Z,5,x\n', {
      fields,
      time: 't',
    });
    expect(decoded.times).toEqual(Float64Array.of(1_704_067_200e6));
    expect(decoded.faults.map(({ row, column }) => [row, column])).toEqual([
      [1, 't'],
      [2, 'b'],
    ]);
    const middle = decodeCsv('1,1700000000.25,2', { fields: ['a', 't', 'b'], time: 't', time_unit: 's' });
    expect([...middle.rows, ...middle.times!]).toEqual([1, 2, 1_700_000_000_250_000]);
    const first = decodeCsv('1700000000250,7', { channels: 1, time: 'whatever', time_unit: 'ms' });
    expect([...first.rows, ...first.times!]).toEqual([7, 1_700_000_000_250_000]);
  });

  it('refuses quotes that do not close, as a whole', () => {
    expect(() => decodeCsv('1,"2\n3,4', { channels: 2 })).toThrowError(/not CSV/);
    expect(() => decodeRows(Uint8Array.of(0xff, 0xfe), { encoding: 'csv', channels: 1 })).toThrowError(/UTF-8/);
  });

  it('decodes alike however whole lines are put into pieces', () => {
    const cell = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.constantFrom('', 'NaN', 'bad'),
    );
    const lines = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(lines, fc.nat(30), (rows, cut) => {
        const text = (part: typeof rows) => part.map((row) => `${row.join(',')}\n`).join('');
        const whole = decodeCsv(text(rows), { channels: 2 });
        const head = decodeCsv(text(rows.slice(0, cut)), { channels: 2 });
        const tail = decodeCsv(text(rows.slice(cut)), { channels: 2 });
        expect([...head.rows, ...tail.rows]).toEqual([...whole.rows]);
        const later = tail.faults.map((fault) => ({ ...fault, row: fault.row + head.count }));
        expect([...head.faults, ...later]).toEqual(whole.faults);
        expect(whole.count).toBe(rows.length);
      }),
    );
  });

  it('finds the header of a file', () => {
    expect(readCsvHeader('timestamp,temp, load \n2024-01-01,1,2')).toEqual(['timestamp', 'temp', 'load']);
    expect(readCsvHeader('2024-01-01,1,NaN\n')).toBeUndefined();
    expect(readCsvHeader('')).toBeUndefined();
  });
});

describe('ndjson rows', () => {
  const format: FormatMessage = { encoding: 'ndjson', fields: ['t', 'a', 'b'], time: 't', time_unit: 'ms' };

  it('reads arrays and objects; null and absent are missing; what is no number is a fault', () => {
    const lines = [
      '[1000,1,2]',
      '{"b":4,"a":3,"t":2000,"more":1}',
      '',
      '{"t":3000,"a":null}',
      '[4000,"5",6]',
      'no',
      '[1]',
    ];
    const decoded = decodeRows(utf8(lines.join('\n')), format);
    expect([...decoded.rows]).toEqual([1, 2, 3, 4, NaN, NaN]);
    expect(decoded.times).toEqual(Float64Array.of(1e6, 2e6, 3e6));
    expect(decoded.faults.map(({ row, column }) => [row, column])).toEqual([
      [3, 'a'],
      [4, 't'],
      [5, 'a'],
    ]);
  });
});

describe('readTime', () => {
  it('reads ISO 8601 to the microsecond, UTC unless it says otherwise', () => {
    const at = (text: string) => readTime(text)! / 1e6;
    expect(at('1970-01-01')).toBe(0);
    expect(at('1970-01-01T00:01')).toBe(60);
    expect(readTime('1970-01-01 00:00:01.000001')).toBe(1_000_001);
    expect(at('1970-01-01T02:00:00+02:00')).toBe(0);
    expect(at('1969-12-31T19:30:00-0430')).toBe(0);
    expect(at('2024-02-29T12:00:00Z')).toBe(Date.parse('2024-02-29T12:00:00Z') / 1000);
  });
  it('refuses days and hours that do not exist', () => {
    for (const text of ['2023-02-29', '2024-13-01', '2024-01-01T24:00', '2024-01-01T00:60', '12:00', '5', '']) {
      expect(readTime(text), text).toBeUndefined();
    }
    expect(readTime('x', 's')).toBeUndefined();
  });
});

describe('numbers as text', () => {
  it('are decimal, or missing, or nothing', () => {
    expect(['1', '-1.', '+.5', '1.5e3', '2.E-1'].map(readNumber)).toEqual([1, -1, 0.5, 1500, 0.2]);
    expect(['', ' NaN ', 'NA', 'null'].map(readNumber)).toEqual([NaN, NaN, NaN, NaN]);
    expect(['.', '1e', '0x10', 'Infinity', '1.2.3', '--1'].map(readNumber)).toEqual(Array(6).fill(undefined));
  });

  it('are told from a million digits with something behind as soon as these are read', () => {
    const digits = '1'.repeat(1e6); // with a pattern that tries every place between two digits: the better part of an hour
    expect(readNumber(`${digits}x`)).toBe(undefined);
    expect(readTime(`${digits}.${digits}x`, 's')).toBe(undefined);
  });
});
