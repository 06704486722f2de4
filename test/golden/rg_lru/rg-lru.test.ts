// The bare RG-LRU against a float64 reference: gates and inputs given, h after every row.

import { expect, it } from 'vitest';
import { softplus } from '../../../src/base/math.ts';
import { naiveRecurrence } from '../../../src/cell/rg-lru/index.ts';
import { rgLruAssociative } from '../../../src/kernel/plain/rg-lru-associative.ts';
import { rgLruCoefficients } from '../../../src/kernel/plain/rg-lru-coefficients.ts';
import { expectParity, readGolden, relativeError } from '../../helpers/golden.ts';

const [ROWS, WIDTH] = [32, 4];
const golden = readGolden('rg_lru');
const row = (name: string, t: number) => golden(name).subarray(t * WIDTH, (t + 1) * WIDTH);
const matrix = (name: string) => Array.from({ length: ROWS }, (_, t) => Array.from(row(name, t)));

function coefficients(t: number, a: Float64Array, b: Float64Array): void {
  const rate = golden('param.a_param').map((value) => 8 * softplus(value));
  const x = Float32Array.from(row('in.x', t));
  rgLruCoefficients(row('in.recurrence_gate', t), row('in.input_gate', t), x, rate, 1, t === 0, a, b);
}

it('coefficients and a float32 h give the reference states', () => {
  const [a, b, h] = [new Float64Array(WIDTH), new Float64Array(WIDTH), new Float32Array(WIDTH)];
  const states: number[] = [];
  for (let t = 0; t < ROWS; t++) {
    coefficients(t, a, b);
    for (let c = 0; c < WIDTH; c++) h[c] = a[c]! * h[c]! + b[c]!;
    states.push(...h);
  }
  expectParity(states, golden('out.h'));
});

it.each([1, 2, 3, 7, 16, 31, 32])('the associative form gives them too, over %i rows at once', (rows) => {
  const [a, b] = [new Float64Array(rows * WIDTH), new Float64Array(rows * WIDTH)];
  const h = new Float32Array(WIDTH);
  for (let from = 0; from + rows <= ROWS; from += rows) {
    for (let t = 0; t < rows; t++) {
      coefficients(from + t, a.subarray(t * WIDTH, (t + 1) * WIDTH), b.subarray(t * WIDTH, (t + 1) * WIDTH));
    }
    rgLruAssociative(a, b, h, rows);
    expectParity(b, golden('out.h').subarray(from * WIDTH, (from + rows) * WIDTH));
    h.set(b.subarray((rows - 1) * WIDTH));
  }
});

it('the slow twin gives them within 1e-11', () => {
  const h = naiveRecurrence(golden('param.a_param'), matrix('in.recurrence_gate'), matrix('in.input_gate'), matrix('in.x'));
  expect(relativeError(h.flat(), golden('out.h'))).toBeLessThan(1e-11);
});
