// Bytes of a tensor as numbers: the dtypes of .safetensors files. F16 and BF16 are widened exactly to float32, I8 to int32.

export type RawData = Float32Array | Float64Array | BigInt64Array | Int32Array;

/** The numbers in `buffer`, which becomes theirs: F32, F64, I64 and I32 are views of it. */
export function widen(dtype: string, buffer: ArrayBuffer): RawData {
  switch (dtype) {
    case 'F64':
      return new Float64Array(buffer);
    case 'I64':
      return new BigInt64Array(buffer);
    case 'I32':
      return new Int32Array(buffer);
    case 'I8':
      return Int32Array.from(new Int8Array(buffer));
    case 'F16':
    case 'BF16': {
      const halves = new Uint16Array(buffer);
      const wide = new Float32Array(halves.length);
      widenHalves(dtype, halves, wide, 0);
      return wide;
    }
    default:
      return new Float32Array(buffer);
  }
}

/** Halves of dtype F16 or BF16 into `wide` from `at`. Allocates nothing that grows with them. */
export function widenHalves(dtype: 'F16' | 'BF16', halves: Uint16Array, wide: Float32Array, at: number): void {
  if (dtype === 'F16') {
    for (let i = 0; i < halves.length; i++) wide[at + i] = halfToNumber(halves[i]!);
    return;
  }
  // A bfloat16 is the upper half of a float32.
  const bits = new Uint32Array(wide.buffer, wide.byteOffset, wide.length);
  for (let i = 0; i < halves.length; i++) bits[at + i] = halves[i]! * 65536;
}

/** IEEE 754 binary16: sign, 5 exponent bits (bias 15), 10 fraction bits. */
function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  // Subnormals count in 2^-24; a normal number is (1024 + fraction) * 2^(exponent - 25). 1 << 30 keeps it in integers.
  if (exponent === 0) return (sign * fraction) / 16777216;
  return (sign * (1024 + fraction) * (1 << exponent)) / 33554432;
}
