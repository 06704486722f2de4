// Reads a .safetensors file that is already in memory: 8 bytes of header length, a JSON header, then the tensors' bytes.
// Not a loader (open-model.ts reads folders, tensor by tensor through read-safetensors.ts) and not a writer (train/ writes
// with the reference library). What is checked: safetensors-header.ts. Browser-safe.

import { headerLength, LENGTH_BYTES, parseHeader } from './safetensors-header.ts';
import { type RawData, widen } from './widen.ts';

/** One tensor as stored; `dtype` is the file's own word. F16 and BF16 arrive widened (exactly) to float32, I8 to int32. */
export interface RawTensor {
  readonly dtype: string;
  readonly shape: number[];
  readonly data: RawData;
}

/**
 * All tensors by name, in the file's order. The arrays are copies: aligned, and free of the file's buffer.
 * @throws ERR_CONFIG_INVALID for a header that is not what the format asks; ERR_WEIGHTS_MISSING for bytes that are not there
 */
export function parseSafetensors(bytes: Uint8Array): Map<string, RawTensor> {
  const dataStart = LENGTH_BYTES + headerLength(bytes.subarray(0, LENGTH_BYTES), bytes.length);
  const entries = parseHeader(bytes.subarray(LENGTH_BYTES, dataStart), bytes.length - dataStart);
  const tensors = new Map<string, RawTensor>();
  for (const { name, dtype, shape, begin, end } of entries) {
    // A fresh buffer, so an odd offset in the file does no harm to the 4 and 8 byte views. Not slice(): a Node Buffer's
    // slice is a view.
    const own = new Uint8Array(bytes.subarray(dataStart + begin, dataStart + end)).buffer;
    tensors.set(name, { dtype, shape, data: widen(dtype, own) });
  }
  return tensors;
}
