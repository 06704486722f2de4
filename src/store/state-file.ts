// The bytes of one file of the file store, little-endian:
//   0 "MRSTATE" and a version byte | 8 u64 epoch | 16 u32 key bytes | 20 u64 value bytes | 28 sha256 of all the rest | 60 key, value
// A file that is cut short, grown, or changed in one bit is refused, never half believed. Not who may write it: file-store.ts.

import { createHash } from 'node:crypto';
import { engineError } from '../base/errors.ts';
import type { StoredState } from './state-store.ts';

const MAGIC = 'MRSTATE';
const VERSION = 1;
const SUM_AT = 28;
const SUM_BYTES = 32;
const HEADER_BYTES = SUM_AT + SUM_BYTES;

export function encodeStateFile(key: string, { epoch, bytes }: StoredState): Uint8Array {
  const name = Buffer.from(key, 'utf8');
  const file = Buffer.alloc(HEADER_BYTES + name.length + bytes.length);
  file.write(MAGIC, 0, 'latin1');
  file[MAGIC.length] = VERSION;
  file.writeBigUInt64LE(BigInt(epoch), 8);
  file.writeUInt32LE(name.length, 16);
  file.writeBigUInt64LE(BigInt(bytes.length), 20);
  file.set(name, HEADER_BYTES);
  file.set(bytes, HEADER_BYTES + name.length);
  file.set(sumOf(file), SUM_AT);
  return file;
}

/** Its bytes are a view of `file`. @throws ERR_STATE_DAMAGED */
export function decodeStateFile(key: string, file: Uint8Array): StoredState {
  const view = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (view.length < HEADER_BYTES) throw damaged('is shorter than its header');
  if (view.toString('latin1', 0, MAGIC.length) !== MAGIC) throw damaged('does not begin as a state does');
  const version = view[MAGIC.length]!;
  if (version !== VERSION) throw damaged(`is of version ${version}, not ${VERSION}`);
  if (!sumOf(view).equals(view.subarray(SUM_AT, HEADER_BYTES))) throw damaged('does not have the checksum it states');
  const nameEnd = HEADER_BYTES + view.readUInt32LE(16);
  const length = Number(view.readBigUInt64LE(20));
  if (nameEnd + length !== view.length) throw damaged('is not as long as it says');
  if (view.toString('utf8', HEADER_BYTES, nameEnd) !== key) throw damaged('is of another key');
  return { epoch: Number(view.readBigUInt64LE(8)), bytes: view.subarray(nameEnd) };
}

function sumOf(file: Buffer): Buffer {
  return createHash('sha256').update(file.subarray(0, SUM_AT)).update(file.subarray(HEADER_BYTES)).digest();
}

function damaged(how: string) {
  return engineError('ERR_STATE_DAMAGED', `the stored state ${how}`, { expected: 'to start anew; the file is kept' });
}
