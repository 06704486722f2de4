// C out of the C~ = C (I - A_bar^L) that S4 checkpoints store once they have made a kernel of L rows. Once per channel at load;
// nothing of it runs on rows. Matrices: s4-dense.ts.

import { denseProduct } from './s4-dense.ts';

/**
 * The c with c (I - m^power) = stored, by Gaussian elimination with row pivots on the transpose.
 * @param stored [size]   @param m [size, size]
 */
export function denseUnfold(stored: Float64Array, m: Float64Array, power: number): Float64Array {
  const size = stored.length;
  // Row k of I - m^power is e_k - e_k m^power; as the transpose is to be solved, it becomes column k. Last column: stored.
  const width = size + 1;
  const rows = Array.from({ length: size }, (_, i) => {
    const row = new Float64Array(width);
    row[size] = stored[i]!;
    return row;
  });
  let powered: Float64Array = m.map((_, i) => (i % (size + 1) === 0 ? 1 : 0));
  let base = m;
  for (let left = power; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) powered = denseProduct(powered, base, size);
    if (left > 1) base = denseProduct(base, base, size);
  }
  for (let k = 0; k < size; k++) {
    for (let i = 0; i < size; i++) rows[i]![k] = (i === k ? 1 : 0) - powered[k * size + i]!;
  }
  for (let k = 0; k < size; k++) {
    let best = k;
    for (let i = k + 1; i < size; i++) if (Math.abs(rows[i]![k]!) > Math.abs(rows[best]![k]!)) best = i;
    [rows[k], rows[best]] = [rows[best]!, rows[k]!];
    const pivot = rows[k]!;
    for (let i = 0; i < size; i++) {
      const factor = i === k ? 0 : rows[i]![k]! / pivot[k]!;
      if (factor === 0) continue;
      for (let column = k; column < width; column++) rows[i]![column]! -= factor * pivot[column]!;
    }
  }
  return Float64Array.from(rows, (row, i) => row[size]! / row[i]!);
}
