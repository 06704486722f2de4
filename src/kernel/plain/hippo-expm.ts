// The matrix exponential by Taylor series, scaling and squaring: only + * / on float64, so it is the same on every
// machine. Small matrices, built once per cell; not for hot paths. Higham, "The scaling and squaring method", 2005.

/** exp(A * time) for A [order, order] row-major, f64. Relative error about order * 2^s * 1e-16 after s squarings. */
export function hippoExpm(A: Float64Array, order: number, time: number): Float64Array {
  let norm = 0;
  for (let n = 0; n < order; n++) {
    let sum = 0;
    for (let k = 0; k < order; k++) sum += Math.abs(A[n * order + k]! * time);
    norm = Math.max(norm, sum);
  }
  let squarings = 0;
  for (; norm > 0.5; norm /= 2) squarings++;
  let scale = time;
  for (let i = 0; i < squarings; i++) scale /= 2;
  const scaled = A.map((a) => a * scale);
  let term = identity(order);
  let sum = identity(order);
  for (let degree = 1; degree <= 16; degree++) {
    term = multiply(term, scaled, order).map((v) => v / degree); // 0.5^17 / 17! = 2e-20 is left out
    sum = sum.map((v, i) => v + term[i]!);
  }
  for (let i = 0; i < squarings; i++) sum = multiply(sum, sum, order);
  return sum;
}

/** exp(A * unit * 2^k) for k = 0 .. count-1: any whole number of units is a product of some of them. */
export function dyadicExpm(A: Float64Array, order: number, unit: number, count: number): Float64Array[] {
  const powers = [hippoExpm(A, order, unit)];
  while (powers.length < count) powers.push(multiply(powers.at(-1)!, powers.at(-1)!, order));
  return powers;
}

function identity(order: number): Float64Array {
  return new Float64Array(order * order).map((_, i) => (i % (order + 1) === 0 ? 1 : 0));
}

function multiply(a: Float64Array, b: Float64Array, order: number): Float64Array {
  const out = new Float64Array(order * order);
  for (let i = 0; i < order; i++) {
    for (let k = 0; k < order; k++) {
      const factor = a[i * order + k]!;
      for (let j = 0; j < order; j++) out[i * order + j]! += factor * b[k * order + j]!;
    }
  }
  return out;
}
