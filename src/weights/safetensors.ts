// Reads a .safetensors file that is already in memory: 8 bytes of header length, a JSON header, then the tensors' bytes.
// Every length and offset is checked before a byte is copied, so a truncated or hostile file gives a coded error.
// Not a loader (open-model.ts reads folders) and not a writer (train/ writes with the reference library). Browser-safe.

import { engineError } from '../base/errors.ts';

export type RawData = Float32Array | Float64Array | BigInt64Array | Int32Array;
/** One tensor as stored; `dtype` is the file's own word. F16 and BF16 arrive widened (exactly) to float32, I8 to int32. */
export interface RawTensor {
  readonly dtype: string;
  readonly shape: number[];
  readonly data: RawData;
}

const HEADER_BYTES_MAX = 100_000_000; // the reference implementation's own limit
const BYTES: Readonly<Record<string, number>> = { F64: 8, I64: 8, F32: 4, I32: 4, F16: 2, BF16: 2, I8: 1 };
const SUPPORTED = Object.keys(BYTES).join(', ');

/**
 * All tensors by name, in the file's order. The arrays are copies: aligned, and free of the file's buffer.
 * @throws ERR_CONFIG_INVALID for a header that is not what the format asks; ERR_WEIGHTS_MISSING for bytes that are not there
 */
export function parseSafetensors(bytes: Uint8Array): Map<string, RawTensor> {
  const { header, dataStart } = readHeader(bytes);
  const tensors = new Map<string, RawTensor>();
  let end = 0;
  const entries = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => readEntry(name, value));
  // The format leaves no holes and no overlaps: in order of offset, each tensor begins where the one before ended.
  for (const entry of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (entry.begin !== end) {
      throw invalid(
        `tensor ${entry.name} begins at byte ${entry.begin}, after ${end} bytes of tensors`,
        'no holes or overlaps',
      );
    }
    end = entry.end;
  }
  const found = bytes.length - dataStart;
  if (end > found) {
    throw engineError('ERR_WEIGHTS_MISSING', `the header lists ${end} bytes of tensors, the file holds ${found}`, {
      expected: 'a complete safetensors file',
    });
  }
  if (end < found) throw invalid(`${found - end} bytes follow the last tensor`, `${end} bytes of tensors`);
  for (const { name, dtype, shape, begin, end: stop } of entries) {
    // A fresh buffer, so an odd offset in the file does no harm to the 4 and 8 byte views. Not slice(): a Node Buffer's
    // slice is a view.
    const own = new Uint8Array(bytes.subarray(dataStart + begin, dataStart + stop)).buffer;
    tensors.set(name, { dtype, shape, data: widen(dtype, own) });
  }
  return tensors;
}

function invalid(found: string, expected: string): Error {
  return engineError('ERR_CONFIG_INVALID', `safetensors: ${found}`, { expected });
}

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < 8) {
    throw engineError('ERR_WEIGHTS_MISSING', `safetensors: the file has ${bytes.length} bytes`, {
      expected: 'at least the 8 bytes of the header length',
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 4294967296;
  if (length > HEADER_BYTES_MAX) throw invalid(`header of ${length} bytes`, `at most ${HEADER_BYTES_MAX} bytes`);
  if (length > bytes.length - 8) {
    throw engineError('ERR_WEIGHTS_MISSING', `safetensors: header of ${length} bytes in a file of ${bytes.length}`, {
      expected: 'a complete safetensors file',
    });
  }
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch (cause) {
    throw engineError('ERR_CONFIG_INVALID', 'safetensors: the header is not JSON', { expected: 'UTF-8 JSON', cause });
  }
  if (!isRecord(header)) throw invalid('the header is not a JSON object', '{ "name": { dtype, shape, data_offsets } }');
  return { header, dataStart: 8 + length };
}

interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: number[];
  readonly begin: number;
  readonly end: number;
}

function readEntry(name: string, value: unknown): Entry {
  const { dtype, shape, data_offsets: offsets } = isRecord(value) ? value : {};
  const size = typeof dtype === 'string' && Object.hasOwn(BYTES, dtype) ? BYTES[dtype] : undefined;
  if (typeof dtype !== 'string' || size === undefined) {
    throw invalid(`tensor ${name} has dtype ${JSON.stringify(dtype)}`, `one of ${SUPPORTED}`);
  }
  if (!isCounts(shape)) throw invalid(`tensor ${name} has shape ${JSON.stringify(shape)}`, 'a list of sizes');
  if (!isCounts(offsets) || offsets.length !== 2) {
    throw invalid(`tensor ${name} has data_offsets ${JSON.stringify(offsets)}`, '[begin, end]');
  }
  const [begin, end] = offsets as [number, number];
  const needed = shape.reduce((product, count) => product * count, size);
  if (end - begin !== needed) {
    throw invalid(`tensor ${name} spans ${end - begin} bytes`, `${needed} for ${dtype} [${shape.join(', ')}]`);
  }
  return { name, dtype, shape, begin, end };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && count >= 0);
}

function widen(dtype: string, buffer: ArrayBuffer): RawData {
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
      return Float32Array.from(new Uint16Array(buffer), halfToNumber);
    case 'BF16': {
      // A bfloat16 is the upper half of a float32.
      const wide = Uint32Array.from(new Uint16Array(buffer), (half) => half * 65536);
      return new Float32Array(wide.buffer);
    }
    default:
      return new Float32Array(buffer);
  }
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
