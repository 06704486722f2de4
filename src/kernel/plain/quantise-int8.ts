// Symmetric int8 quantisation of one vector with one scale: a quarter of the bytes of f32, an error of half a step at most.
// Four values lie in one 32-bit word, the first in the low byte, because a state has no byte slots; packing by shifts
// makes the same words on any machine. Used for cached keys and values, one scale for each token and head.

/**
 * Writes round(x / scale), clipped to +-127, with scale = max|x| / 127 (of a zero vector: 1).
 * @param x [>= from + length] f32   @param words u32: `length / 4` words written from `at`; length is a multiple of 4
 * @returns the scale, exact in f32; |x - scale q| <= scale / 2 up to rounding of the scale
 * Halves round to even, as numpy and torch do. Allocates nothing.
 */
export function quantiseInt8(x: Float32Array, from: number, length: number, words: Uint32Array, at: number): number {
  let largest = 0;
  for (let i = 0; i < length; i++) largest = Math.max(largest, Math.abs(x[from + i]!));
  const exact = Math.fround(largest / 127);
  const scale = exact > 0 ? exact : 1; // also a vector so small that its step underflows
  for (let i = 0; i < length; i += 4) {
    const first = from + i;
    words[at + i / 4] =
      byte(x[first]! / scale) |
      (byte(x[first + 1]! / scale) << 8) |
      (byte(x[first + 2]! / scale) << 16) |
      (byte(x[first + 3]! / scale) << 24);
  }
  return scale;
}

/** The inverse up to the step: y = scale * q for `length` values of `words` from `at`. @param y f32, written from `to` */
export function dequantiseInt8(
  words: Uint32Array,
  at: number,
  length: number,
  scale: number,
  y: Float32Array,
  to: number,
): void {
  for (let i = 0; i < length; i += 4) {
    const word = words[at + i / 4]!;
    y[to + i] = scale * ((word << 24) >> 24);
    y[to + i + 1] = scale * ((word << 16) >> 24);
    y[to + i + 2] = scale * ((word << 8) >> 24);
    y[to + i + 3] = scale * ((word | 0) >> 24);
  }
}

function byte(value: number): number {
  let q = Math.floor(value + 0.5);
  if (q - value === 0.5 && q % 2 !== 0) q -= 1;
  return Math.max(-127, Math.min(127, q)) & 0xff;
}
