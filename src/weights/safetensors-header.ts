// The header of a .safetensors file: which tensor lies where. Every length and offset is checked against the size of the
// file before anybody allocates for it, so a truncated or hostile file gives a coded error. Knows no file and no bytes of
// tensors: safetensors.ts has a file in memory, read-safetensors.ts one that is read piece by piece. Browser-safe.

import { engineError } from '../base/errors.ts';
import { cut, shown } from './shown.ts';

/** Where one tensor lies: bytes `begin` to `end` after the header. */
export interface HeaderEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: number[];
  readonly begin: number;
  readonly end: number;
}

/** Bytes before the JSON: its length as u64. */
export const LENGTH_BYTES = 8;
const HEADER_BYTES_MAX = 100_000_000; // the reference implementation's own limit
const BYTES: Readonly<Record<string, number>> = { F64: 8, I64: 8, F32: 4, I32: 4, F16: 2, BF16: 2, I8: 1 };
const SUPPORTED = Object.keys(BYTES).join(', ');

/**
 * Length of the JSON, from the first 8 bytes of a file of `fileBytes`.
 * @throws ERR_WEIGHTS_MISSING when the file is shorter than that; ERR_CONFIG_INVALID beyond 100 MB
 */
export function headerLength(first: Uint8Array, fileBytes: number): number {
  if (first.length < LENGTH_BYTES) {
    throw engineError('ERR_WEIGHTS_MISSING', `safetensors: the file has ${fileBytes} bytes`, {
      expected: 'at least the 8 bytes of the header length',
    });
  }
  const view = new DataView(first.buffer, first.byteOffset, first.byteLength);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 4294967296;
  if (length > HEADER_BYTES_MAX) throw invalid(`header of ${length} bytes`, `at most ${HEADER_BYTES_MAX} bytes`);
  if (length > fileBytes - LENGTH_BYTES) {
    throw engineError('ERR_WEIGHTS_MISSING', `safetensors: header of ${length} bytes in a file of ${fileBytes}`, {
      expected: 'a complete safetensors file',
    });
  }
  return length;
}

/**
 * The entries in the file's order. Together they cover exactly the `dataBytes` that follow the header: no holes, no
 * overlaps, each span what its dtype and shape ask.
 * @throws ERR_CONFIG_INVALID; ERR_WEIGHTS_MISSING when the file ends before its last tensor
 */
export function parseHeader(json: Uint8Array, dataBytes: number): HeaderEntry[] {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch (cause) {
    throw engineError('ERR_CONFIG_INVALID', 'safetensors: the header is not JSON', { expected: 'UTF-8 JSON', cause });
  }
  if (!isRecord(header)) throw invalid('the header is not a JSON object', '{ "name": { dtype, shape, data_offsets } }');
  const entries = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => readEntry(name, value));
  checkCover(entries, dataBytes);
  return entries;
}

/** Entries as they lie in the file: each begins where the one before ended. */
export function byOffset(entries: readonly HeaderEntry[]): HeaderEntry[] {
  return [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end);
}

function checkCover(entries: readonly HeaderEntry[], found: number): void {
  let end = 0;
  for (const entry of byOffset(entries)) {
    if (entry.begin !== end) {
      const where = `tensor ${cut(entry.name)} begins at byte ${entry.begin}, after ${end} bytes of tensors`;
      throw invalid(where, 'no holes or overlaps');
    }
    end = entry.end;
  }
  if (end > found) {
    throw engineError('ERR_WEIGHTS_MISSING', `the header lists ${end} bytes of tensors, the file holds ${found}`, {
      expected: 'a complete safetensors file',
    });
  }
  if (end < found) throw invalid(`${found - end} bytes follow the last tensor`, `${end} bytes of tensors`);
}

function readEntry(name: string, value: unknown): HeaderEntry {
  const { dtype, shape, data_offsets: offsets } = isRecord(value) ? value : {};
  const who = `tensor ${cut(name)}`;
  const size = typeof dtype === 'string' && Object.hasOwn(BYTES, dtype) ? BYTES[dtype] : undefined;
  if (typeof dtype !== 'string' || size === undefined) {
    throw invalid(`${who} has dtype ${shown(dtype)}`, `one of ${SUPPORTED}`);
  }
  if (!isCounts(shape)) throw invalid(`${who} has shape ${shown(shape)}`, 'a list of sizes');
  if (!isCounts(offsets) || offsets.length !== 2) {
    throw invalid(`${who} has data_offsets ${shown(offsets)}`, '[begin, end]');
  }
  const [begin, end] = offsets as [number, number];
  const needed = shape.reduce((product, count) => product * count, size);
  if (end - begin !== needed) {
    throw invalid(`${who} spans ${end - begin} bytes`, `${needed} for ${dtype} ${shown(shape)}`);
  }
  return { name, dtype, shape, begin, end };
}

function invalid(found: string, expected: string): Error {
  return engineError('ERR_CONFIG_INVALID', `safetensors: ${found}`, { expected });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && count >= 0);
}
