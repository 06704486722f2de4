// Queries and keys of the gated delta rule are put on the unit sphere, head by head, with the eps under the root.

/**
 * y = x / sqrt(sum over the head of x^2 + 1e-6).
 * @param x f32, of which [offset, offset + y.length) is read   @param y [heads, width] f64 - written
 * Allocates nothing.
 */
export function gatedDeltaNormalise(x: Float32Array, offset: number, width: number, y: Float64Array): void {
  for (let first = 0; first < y.length; first += width) {
    let squares = 1e-6;
    for (let i = first; i < first + width; i++) squares += x[offset + i]! * x[offset + i]!;
    const scale = 1 / Math.sqrt(squares);
    for (let i = first; i < first + width; i++) y[i] = scale * x[offset + i]!;
  }
}
