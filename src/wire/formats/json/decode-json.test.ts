import { describe, expect, it } from 'vitest';
import { decodeJson } from './decode-json.ts';

const NEW_YEAR = 1_767_225_600_000_000;

describe('JSON rows', () => {
  it('reads every field that holds a number, at the time that the row names', () => {
    expect(decodeJson('{"time":"2026-01-01T00:00:00Z","temp":21.5,"hum":null,"on":true,"id":"a7"}')).toEqual([
      { series: '', column: 'temp', time: NEW_YEAR, value: 21.5 },
      { series: '', column: 'hum', time: NEW_YEAR, value: Number.NaN },
      { series: '', column: 'on', time: NEW_YEAR, value: 1 },
    ]);
  });

  it.each([
    ['s', 1_767_225_600],
    ['ms', 1_767_225_600_000],
    ['us', NEW_YEAR],
    ['ns', '"1767225600000000000"'],
  ] as const)('reads a time in %s', (timeUnit, time) => {
    expect(decodeJson(`{"ts":${time},"v":1}`, { timeUnit })[0]!.time).toBe(NEW_YEAR);
  });

  it('reads an array of rows, a bare number, and rows without a time', () => {
    expect(decodeJson('[{"v":1},{"v":2}]').map(({ value }) => value)).toEqual([1, 2]);
    expect(decodeJson(' 21.5 ')).toEqual([{ series: '', column: 'value', time: Number.NaN, value: 21.5 }]);
  });

  it('takes the columns that were asked for, missing where they are absent', () => {
    const options = { columns: ['b', 'a'], time: '' };
    expect(decodeJson('{"a":1,"t":5}', options)).toEqual([
      { series: '', column: 'b', time: Number.NaN, value: Number.NaN },
      { series: '', column: 'a', time: Number.NaN, value: 1 },
    ]);
  });

  it.each([
    ['{', {}, 'the message: it is not JSON'],
    ['"21.5"', {}, 'the message: it is neither an object nor a number'],
    ['[{"a":1},[2]]', {}, 'the message, row 2: it is neither an object nor a number'],
    ['{"id":"x"}', {}, 'the message: no field holds a number'],
    ['{"t":1767225600,"a":1}', {}, 'the message, field "t": a time without its unit'],
    ['{"time":"noon","a":1}', {}, 'the message, field "time": not a time'],
    ['{"a":"1"}', { columns: ['a'] }, 'the message, field "a": not a number'],
    ['{"a":1}', { time: 'when' }, 'the message, field "when": not a time'],
  ])('refuses %s', (text, options, message) => {
    expect(() => decodeJson(text, options)).toThrow(expect.objectContaining({ code: 'ERR_ROW_MALFORMED', message }));
  });
});
