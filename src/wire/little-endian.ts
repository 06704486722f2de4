// Numbers in bytes, least byte first, as framed messages have them: written one by one, because a DataView of a small array
// costs more than the header of a message.

const float = new Float32Array(1);
const floatBytes = new Uint8Array(float.buffer);

/** Whether this machine stores numbers as the wire does. */
export const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
const TWO_32 = 4_294_967_296;

export function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

/** @param value a whole number from 0, below 2^53 */
export function putU64(bytes: Uint8Array, at: number, value: number): void {
  putU32(bytes, at, value >>> 0);
  putU32(bytes, at + 4, Math.floor(value / TWO_32));
}

export function putF32(bytes: Uint8Array, at: number, value: number): void {
  float[0] = value;
  for (let i = 0; i < 4; i++) bytes[at + i] = floatBytes[LITTLE_ENDIAN ? i : 3 - i]!;
}

export function getF32(bytes: Uint8Array, at: number): number {
  for (let i = 0; i < 4; i++) floatBytes[LITTLE_ENDIAN ? i : 3 - i] = bytes[at + i]!;
  return float[0]!;
}

export function getU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

/** Exact below 2^53; above, some number of at least 2^53: the caller refuses it. */
export function getU64(bytes: Uint8Array, at: number): number {
  return getU32(bytes, at) + TWO_32 * getU32(bytes, at + 4);
}
