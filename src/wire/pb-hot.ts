// The two Envelopes of every hop, rows in and a detection out, packed and unpacked field by field: the reflection build
// (schema.ts) goes through plain objects and costs four times as much. Byte for byte what it gives; a test compares them.

import protobuf from 'protobufjs/light.js';
import type { Detection } from '../item/item.ts';
import type { RowsMessage } from './messages.ts';

const { Reader, Writer } = protobuf;

/** field << 3 | wire type: 0 varint, 2 with a length, 5 four bytes. Numbers of proto/stream.proto. */
const ENVELOPE_ROWS = (2 << 3) | 2;
const ENVELOPE_RESULT = (22 << 3) | 2;
const ROWS = { offset: (1 << 3) | 0, data: (2 << 3) | 2 };
const RESULT = { seq: 1 << 3, op: (2 << 3) | 2, from: 3 << 3, to: 4 << 3, final: 5 << 3, detection: (7 << 3) | 2 };
const ENTRY = { values: (1 << 3) | 2, key: (1 << 3) | 2, value: (2 << 3) | 5 };

export function packDetection(seq: number, { name, from, to, values }: Detection): Uint8Array {
  const out = Writer.create().uint32(ENVELOPE_RESULT).fork();
  out.uint32(RESULT.seq).uint64(seq).uint32(RESULT.op).string(name);
  out.uint32(RESULT.from).uint64(from).uint32(RESULT.to).uint64(to).uint32(RESULT.final).bool(true);
  out.uint32(RESULT.detection).fork();
  for (const key of Object.keys(values)) {
    const value = values[key]!;
    out.uint32(ENTRY.values).fork().uint32(ENTRY.key).string(key);
    out
      .uint32(ENTRY.value)
      .float(Number.isFinite(value) ? value : Number.NaN)
      .ldelim();
  }
  return out.ldelim().ldelim().finish();
}

const toNumber = (value: number | { readonly low: number; readonly high: number }): number =>
  typeof value === 'number' ? value : (value.low >>> 0) + 4_294_967_296 * (value.high >>> 0);

/** undefined: it is something else, or not as usual, and the whole schema has to look at it. `data` is a view of `bytes`. */
export function unpackRows(bytes: Uint8Array): RowsMessage | undefined {
  if (bytes[0] !== ENVELOPE_ROWS) return undefined;
  try {
    const reader = Reader.create(bytes);
    reader.uint32();
    if (reader.uint32() !== bytes.length - reader.pos) return undefined;
    let offset: number | undefined;
    let data: Uint8Array | undefined;
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === ROWS.offset) offset = toNumber(reader.uint64());
      else if (tag === ROWS.data) data = reader.bytes();
      else return undefined;
    }
    if (data === undefined) return undefined;
    if (offset === undefined) return { type: 'rows', data };
    return Number.isSafeInteger(offset) ? { type: 'rows', offset, data } : undefined;
  } catch {
    return undefined;
  }
}
