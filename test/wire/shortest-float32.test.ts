import { describe, expect, it } from 'vitest';
import { shortestFloat32 } from '../../src/wire/shortest-float32.ts';
import { seeded } from '../helpers/items.ts';

const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);
function fromBits(pattern: number): number {
  bits[0] = pattern;
  return float[0]!;
}
const digitsOf = (value: number) => Number(value.toExponential().split('e')[0]!.replace(/\D/g, '')).toString().length;

/** Whether any decimal of so many digits next to `value` reads back to it. */
function fitsIn(digits: number, value: number): boolean {
  const [mantissa, exponent] = value.toExponential(digits - 1).split('e');
  const last = 10 ** -(digits - 1);
  return [-1, 0, 1].some((step) => {
    const text = `${(Number(mantissa) + step * last).toFixed(digits - 1)}e${exponent}`;
    return Math.fround(Number(text)) === value;
  });
}

function expectShortest(value: number): void {
  const short = shortestFloat32(value);
  const digits = digitsOf(Math.abs(short));
  if (Math.fround(short) !== value || digits > 9 || (digits > 1 && fitsIn(digits - 1, value))) {
    throw new Error(`${value} became ${short}`);
  }
}

describe('shortestFloat32', () => {
  it('prints what a person would write', () => {
    const written = [0.97, 0.1, 1 / 3, 16777216, 3.4028235e38, 1e-45, -0.5, 1e10];
    expect(written.map((value) => JSON.stringify(shortestFloat32(Math.fround(value))))).toEqual([
      '0.97',
      '0.1',
      '0.33333334',
      '16777216',
      '3.4028235e+38',
      '1e-45',
      '-0.5',
      '10000000000',
    ]);
  });

  it('reads back to the same float32 and has no shorter form, on random bit patterns', () => {
    const random = seeded(7);
    for (let i = 0; i < 200_000; i++) {
      const value = fromBits(Math.floor(random() * 2 ** 32));
      if (Number.isFinite(value) && value !== 0) expectShortest(value);
    }
  });

  it('does so at every power of two, around it, and for small subnormals', () => {
    for (let exponent = 0; exponent < 255; exponent++) {
      for (const step of [-2, -1, 0, 1, 2]) {
        const value = fromBits((exponent << 23) + step);
        if (Number.isFinite(value) && value !== 0) {
          expectShortest(value);
          expectShortest(-value);
        }
      }
    }
    for (let pattern = 1; pattern < 5000; pattern++) expectShortest(fromBits(pattern));
  });

  it('leaves zeros, NaN and infinities as they are', () => {
    expect(Object.is(shortestFloat32(-0), -0)).toBe(true);
    expect(shortestFloat32(Number.NaN)).toBeNaN();
    expect(shortestFloat32(-Infinity)).toBe(-Infinity);
  });
});
