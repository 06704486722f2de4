// Lines as in InfluxDB's own reference of the protocol.

import { describe, expect, it } from 'vitest';
import { decodeLines } from './decode-lines.ts';

const STAMP = 1_556_813_561_098_000;

describe('line protocol', () => {
  it('reads measurement, tags, fields and time', () => {
    expect(decodeLines('weather,location=us-midwest temperature=82,humidity=71i 1556813561098000000')).toEqual([
      { series: 'weather,location=us-midwest', column: 'temperature', time: STAMP, value: 82 },
      { series: 'weather,location=us-midwest', column: 'humidity', time: STAMP, value: 71 },
    ]);
  });

  it('reads floats, integers, unsigned integers and booleans, and passes over text', () => {
    const text =
      'm f=-1.234456e+78,i=-12485903i,u=12485903u,a=t,b=FALSE,s="this is, \\"a\\" string = 1" 1556813561098000000';
    expect(decodeLines(text).map(({ column, value }) => [column, value])).toEqual([
      ['f', -1.234456e78],
      ['i', -12485903],
      ['u', 12485903],
      ['a', 1],
      ['b', 0],
    ]);
    expect(decodeLines('m s="only text"')).toEqual([]);
  });

  it('keeps a series by its tags, in whatever order they come', () => {
    const [a, b] = decodeLines('m,b=2,a=1 v=1\nm,a=1,b=2 v=2');
    expect(a!.series).toBe('m,a=1,b=2');
    expect(b!.series).toBe(a!.series);
  });

  it('reads escapes in names, and a backslash before anything else as itself', () => {
    const [reading] = decodeLines('wea\\,ther\\ x,loc\\ ation\\=1=us\\,mid,path=C:\\dir temp\\=rature=82 0');
    expect(reading).toEqual({
      series: 'wea\\,ther\\ x,loc\\ ation\\=1=us\\,mid,path=C:\\dir',
      column: 'temp=rature',
      time: 0,
      value: 82,
    });
  });

  it.each([
    ['ns', '1556813561098000499', STAMP],
    ['us', '1556813561098000', STAMP],
    ['u', '1556813561098000', STAMP],
    ['ms', '1556813561098', STAMP],
    ['s', '1556813561', 1_556_813_561_000_000],
    ['m', '25946892', 1_556_813_520_000_000],
    ['h', '432448', 1_556_812_800_000_000],
  ] as const)('reads times in %s', (precision, stamp, time) => {
    expect(decodeLines(`m v=1 ${stamp}`, precision)[0]!.time).toBe(time);
  });

  it('passes over comments and blank lines, takes CRLF, text over lines, and lines without a time', () => {
    const text = '# header\r\n\r\nm v=1\r\nm s="two\nlines",v=2\n   \nm v=3';
    expect(decodeLines(text).map(({ value, time }) => [value, time])).toEqual([1, 2, 3].map((v) => [v, Number.NaN]));
  });

  it.each([
    ['m', 'line 1: no fields'],
    ['m v=1\n\nm', 'line 3: no fields'],
    ['m,value=12', 'line 1: no fields'],
    [',a=1 v=1', 'line 1: no measurement'],
    ['m,a v=1', 'line 1: a tag without key or "="'],
    ['m,a= v=1', 'line 1: a tag without a value'],
    ['m v', 'line 1: a field without key or "="'],
    ['m a=1,v=0x10 5', 'line 1, field 2: not a value'],
    ['m v=NaN', 'line 1, field 1: not a value'],
    ['m v=1e999', 'line 1, field 1: not a value'],
    ['m v="open', 'line 1, a field: quotes that do not close'],
    ['m v=1 12.5', 'line 1, time: not a whole number'],
    ['m v=1 1 2', 'line 1: something behind the time'],
  ])('refuses %j', (text, message) => {
    expect(() => decodeLines(text)).toThrow(expect.objectContaining({ code: 'ERR_ROW_MALFORMED', message }));
  });

  it('refuses a time that whole microseconds cannot hold', () => {
    const refused = expect.objectContaining({ message: 'line 1, time: out of range' });
    expect(() => decodeLines('m v=1 9223372036854775806', 's')).toThrow(refused);
  });

  it('refuses a million digits that are no number as soon as it has read them', () => {
    const digits = '1'.repeat(1e6); // with a pattern that tries every place between two digits: the better part of an hour
    expect(() => decodeLines(`m a=${digits}x`)).toThrow(expect.objectContaining({ code: 'ERR_ROW_MALFORMED' }));
    expect(() => decodeLines(`m a=0.${digits}x`)).toThrow(expect.objectContaining({ code: 'ERR_ROW_MALFORMED' }));
    expect(decodeLines(`m a=0.${digits}`)).toMatchObject([{ value: 0.1111111111111111 }]);
    expect(decodeLines('m a=1.,b=.5,c=1.e2')).toMatchObject([{ value: 1 }, { value: 0.5 }, { value: 100 }]);
  });
});
