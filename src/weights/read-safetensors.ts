// Reads a .safetensors file that is too large to hold twice: the header first, then one tensor after another, in pieces of
// at most 16 MiB straight into the float32 array that stays. Where the bytes come from is the caller's (open-model.ts: a
// file; a test: memory), so this file is browser-safe. What is checked before anything is allocated: safetensors-header.ts.

import { engineError } from '../base/errors.ts';
import { byOffset, type HeaderEntry, headerLength, LENGTH_BYTES, parseHeader } from './safetensors-header.ts';
import { cut } from './shown.ts';
import type { Tensor } from './tensor.ts';
import { widenHalves } from './widen.ts';

export interface ByteSource {
  /** Of the whole file. */
  readonly bytes: number;
  /** Fills `into` with the bytes from `offset`; throws a coded error when the file ends before. */
  read(offset: number, into: Uint8Array): Promise<void>;
}

const PIECE_BYTES = 16 * 1024 * 1024;

/**
 * The float tensors by name, in the header's order; F16 and BF16 widened exactly, F64 rounded to float32. Integer tensors
 * are read past: in checkpoints they are counters and position tables, never parameters.
 * @param onBytes every byte of the file once, in order: for its hash
 * @param listed the tensors that an index says are here: no more and no fewer
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING
 */
export async function readSafetensors(
  source: ByteSource,
  onBytes: (piece: Uint8Array) => void = () => undefined,
  listed?: ReadonlySet<string>,
): Promise<Map<string, Tensor>> {
  const take = async (offset: number, into: Uint8Array): Promise<void> => {
    await source.read(offset, into);
    onBytes(into);
  };
  const first = new Uint8Array(Math.min(LENGTH_BYTES, source.bytes));
  await take(0, first);
  const json = new Uint8Array(headerLength(first, source.bytes));
  await take(LENGTH_BYTES, json);
  const dataStart = LENGTH_BYTES + json.length;
  const entries = parseHeader(json, source.bytes - dataStart);
  if (listed) checkListed(entries, listed);
  const found = new Map<string, Float32Array>();
  for (const entry of byOffset(entries)) {
    const data = await readEntry(entry, dataStart, take);
    if (data) found.set(entry.name, data);
  }
  const tensors = new Map<string, Tensor>();
  for (const { name, shape } of entries) {
    const data = found.get(name);
    if (data) tensors.set(name, { shape, data });
  }
  return tensors;
}

function checkListed(entries: readonly HeaderEntry[], listed: ReadonlySet<string>): void {
  const here = new Set(entries.map(({ name }) => name));
  for (const name of listed) {
    if (here.has(name)) continue;
    throw engineError('ERR_WEIGHTS_MISSING', `tensor ${cut(name)} is not in the shard that the index names`, {
      expected: 'shards and index of one checkpoint',
    });
  }
  for (const name of here) {
    if (listed.has(name)) continue;
    throw engineError('ERR_CONFIG_INVALID', `tensor ${cut(name)} is in a shard where the index does not list it`, {
      expected: 'shards and index of one checkpoint',
    });
  }
}

type Take = (offset: number, into: Uint8Array) => Promise<void>;

/** The data as float32, or undefined for integers. */
async function readEntry(entry: HeaderEntry, dataStart: number, take: Take): Promise<Float32Array | undefined> {
  const { dtype, shape, begin, end } = entry;
  const span = end - begin;
  const isFloat = dtype.includes('F');
  const data = new Float32Array(isFloat ? shape.reduce((product, size) => product * size, 1) : 0);
  const direct = dtype === 'F32';
  const scratch = direct ? new Uint8Array(data.buffer) : new Uint8Array(Math.min(PIECE_BYTES, span));
  for (let at = 0; at < span; at += PIECE_BYTES) {
    const length = Math.min(PIECE_BYTES, span - at);
    const piece = direct ? scratch.subarray(at, at + length) : scratch.subarray(0, length);
    await take(dataStart + begin + at, piece);
    if (dtype === 'F16' || dtype === 'BF16') {
      widenHalves(dtype, new Uint16Array(piece.buffer, 0, length / 2), data, at / 2);
    } else if (dtype === 'F64') data.set(new Float64Array(piece.buffer, 0, length / 8), at / 8);
  }
  return isFloat ? data : undefined;
}
