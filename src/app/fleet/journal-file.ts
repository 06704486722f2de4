// One segment of the journal as bytes: records of [u32 length | u32 crc32 | JSON], little-endian. A record whose checksum does
// not hold, and whatever lies behind it, was being written when the power went: it was never confirmed to anybody.

import { crc32 } from 'node:zlib';

const HEADER = 8;

export function encodeRecord(record: object): Uint8Array {
  const text = Buffer.from(JSON.stringify(record), 'utf8');
  const bytes = Buffer.allocUnsafe(HEADER + text.length);
  bytes.writeUInt32LE(text.length, 0);
  bytes.writeUInt32LE(crc32(text), 4);
  bytes.set(text, HEADER);
  return bytes;
}

/** @returns the whole records, and how many bytes they are */
export function decodeRecords(file: Uint8Array): { readonly records: readonly unknown[]; readonly bytes: number } {
  const view = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const records: unknown[] = [];
  let at = 0;
  while (at + HEADER <= view.length) {
    const end = at + HEADER + view.readUInt32LE(at);
    if (end > view.length) break;
    const text = view.subarray(at + HEADER, end);
    if (crc32(text) !== view.readUInt32LE(at + 4)) break;
    records.push(JSON.parse(text.toString('utf8')));
    at = end;
  }
  return { records, bytes: at };
}
