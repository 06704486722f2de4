// The step of one S4 channel as a real matrix on [Re x, Im x], [N, N] row-major float64: what powers of the step need, since
// A = Lambda - P P^* has no cheap eigenbasis. For reading C~ (s4-unfold.ts), for long gaps and for tables; a row uses s4-step.ts.

import type { S4Coefficients } from './s4-coefficients.ts';
import { s4Move } from './s4-step.ts';

/** A_bar of one channel, column by column: s4Move on unit vectors. */
export function s4Dense(c: S4Coefficients, channel: number): Float64Array {
  const { modes } = c;
  const size = 2 * modes;
  const dense = new Float64Array(size * size);
  const unit = new Float64Array(size);
  for (let column = 0; column < size; column++) {
    unit.fill(0);
    unit[column] = 1;
    s4Move(c, channel, unit, 0, unit, modes, 0);
    for (let row = 0; row < size; row++) dense[row * size + column] = unit[row]!;
  }
  return dense;
}

/** a b, all [size, size]. */
export function denseProduct(a: Float64Array, b: Float64Array, size: number): Float64Array {
  const product = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let k = 0; k < size; k++) {
      const factor = a[row * size + k]!;
      for (let column = 0; column < size; column++) product[row * size + column]! += factor * b[k * size + column]!;
    }
  }
  return product;
}

/** s <- m s. @param scratch [size] */
export function denseApply(m: Float64Array, s: Float64Array, scratch: Float64Array): void {
  const size = s.length;
  for (let row = 0; row < size; row++) {
    let sum = 0;
    for (let k = 0; k < size; k++) sum += m[row * size + k]! * s[k]!;
    scratch[row] = sum;
  }
  s.set(scratch);
}

/** c m of a row vector c [size]. */
export function denseRow(c: Float64Array, m: Float64Array): Float64Array {
  const size = c.length;
  const row = new Float64Array(size);
  for (let k = 0; k < size; k++) {
    for (let column = 0; column < size; column++) row[column]! += c[k]! * m[k * size + column]!;
  }
  return row;
}

/** c m^power, by squaring m. */
export function denseRowPower(c: Float64Array, m: Float64Array, power: number): Float64Array {
  let row: Float64Array = c;
  let base = m;
  for (let left = power; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) row = denseRow(row, base);
    if (left > 1) base = denseProduct(base, base, c.length);
  }
  return row;
}
