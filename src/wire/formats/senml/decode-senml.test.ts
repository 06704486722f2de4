// The examples are those of RFC 8428, sections 5.1.1 to 5.1.4 and 5.1.7.

import { describe, expect, it } from 'vitest';
import { decodeSenml } from './decode-senml.ts';

const NOW = 1_800_000_000_000_000;
const short = (text: string) => decodeSenml(text, NOW).map(({ column, time, value }) => [column, time, value]);

describe('SenML', () => {
  it('reads a single datapoint, now', () => {
    expect(short('[{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1}]')).toEqual([
      ['urn:dev:ow:10e2073a01080063', NOW, 23.1],
    ]);
  });

  it('joins names with the base name', () => {
    const text = `[{"bn":"urn:dev:ow:10e2073a01080063:","n":"voltage","u":"V","v":120.1},
      {"n":"current","u":"A","v":1.2}]`;
    expect(short(text)).toEqual([
      ['urn:dev:ow:10e2073a01080063:voltage', NOW, 120.1],
      ['urn:dev:ow:10e2073a01080063:current', NOW, 1.2],
    ]);
  });

  it('adds times to the base time, in whole microseconds', () => {
    const text = `[{"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,"bu":"A","bver":5,
       "n":"voltage","u":"V","v":120.1},{"n":"current","t":-5,"v":1.2},{"n":"current","t":-4,"v":1.3},
      {"n":"current","t":-3,"v":1.4},{"n":"current","t":-2,"v":1.5},{"n":"current","t":-1,"v":1.6},
      {"n":"current","v":1.7}]`;
    const current = 'urn:dev:ow:10e2073a0108006:current';
    const base = 1_276_020_076_001_000;
    expect(short(text)).toEqual([
      ['urn:dev:ow:10e2073a0108006:voltage', base, 120.1],
      ...[-5, -4, -3, -2, -1, 0].map((t, i) => [current, base + t * 1e6, [1.2, 1.3, 1.4, 1.5, 1.6, 1.7][i]]),
    ]);
  });

  it('takes small times as relative to now', () => {
    const text = '[{"bn":"urn:dev:ow:10e2073a01080063","bu":"%RH","t":-60,"v":20},{"t":-30,"v":18},{"v":19}]';
    expect(short(text).map(([, time]) => time)).toEqual([NOW - 60e6, NOW - 30e6, NOW]);
  });

  it('adds base value and base sum, reads booleans, passes over text and data', () => {
    const text = `[{"bn":"a:","bv":20,"n":"t","v":1.5},{"n":"t","t":1},{"n":"door","vb":true},
      {"n":"label","vs":"on"},{"n":"blob","vd":"aGk"},{"bs":100,"n":"energy","bv":0,"s":7}]`;
    expect(short(text)).toEqual([
      ['a:t', NOW, 21.5],
      ['a:t', NOW + 1e6, 20],
      ['a:door', NOW, 1],
      ['a:energy', NOW, 0],
      ['a:energy#sum', NOW, 107],
    ]);
  });

  it('reads no reading out of base fields alone', () => {
    expect(short('[{"bn":"urn:dev:mac:0024befffe804ff1/","bt":1276020076}]')).toEqual([]);
  });

  it.each([
    ['{"n":"a","v":1}', 'the message: it is not a SenML pack'],
    ['[]', 'the message: it is not a SenML pack'],
    ['[1]', 'record 1: it is not an object'],
    ['[{"n":"a","v":1},{"v":"2"}]', 'record 2, field "v": not a number'],
    ['[{"v":1}]', 'record 1, field "n": not a SenML name'],
    ['[{"n":"-a","v":1}]', 'record 1, field "n": not a SenML name'],
    ['[{"n":"a","v":1,"vb":true}]', 'record 1: more than one value'],
    ['[{"n":"a","v":1,"must_":2}]', 'record 1, field "must_": it must be understood, and is not'],
    ['[{"bver":11,"n":"a","v":1}]', 'record 1, field "bver": another version'],
    ['[{"bver":5,"n":"a","v":1},{"bver":6,"n":"a","v":1}]', 'record 2, field "bver": another version'],
    ['[{"n":"a","t":1e300,"v":1}]', 'record 1, field "t": not a time'],
    ['[{"bv":1e308,"n":"a","v":1e308}]', 'record 1, field "v": not finite with its base value'],
  ])('refuses %s', (text, message) => {
    expect(() => decodeSenml(text, NOW)).toThrow(expect.objectContaining({ code: 'ERR_ROW_MALFORMED', message }));
  });
});
