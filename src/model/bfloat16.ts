// A number as bfloat16 keeps it: 8 bits of precision. Upstream keeps Gemma's sqrt(hidden_size) so: 50.5, not 50.596, for
// RecurrentGemma 2b.

/** Rounds to nearest, ties to even. */
export function toBfloat16(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer);
  const tie = (bits[0]! >>> 16) & 1;
  bits[0] = ((bits[0]! + 0x7fff + tie) >>> 16) << 16;
  return new Float32Array(bits.buffer)[0]!;
}
