// The payload of a rows message <-> float32 rows, in the encoding that `start` named. Pure: no carry from one message to
// the next, so a message is whole rows or an error. Values are checked for being finite at the session's door, not here.

import { engineError } from '../base/errors.ts';
import { decodeCsv } from './csv.ts';
import { LITTLE_ENDIAN } from './little-endian.ts';
import type { Encoding, FormatMessage } from './messages.ts';
import { decodeNdjson } from './ndjson.ts';
import { type DecodedRows, rowWidth } from './row-builder.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });
/** Least bytes of one value: in text a missing one, ",". */
const VALUE_BYTES: Readonly<Record<Encoding, number>> = { pcm_s16le: 2, f32le: 4, csv: 1, ndjson: 1 };

/** Bytes of the smallest row: exact for pcm_s16le and f32le; text has a line end. Bounds how many rows fit in some bytes. */
export function rowBytesMin(format: FormatMessage): number {
  return Math.max(2, VALUE_BYTES[format.encoding] * rowWidth(format));
}

const NO_FAULTS: DecodedRows['faults'] = [];

/**
 * Rows of f32le may be a view of `bytes`, which must then not be written to again.
 * @throws ERR_PARTIAL_SAMPLE (nothing taken) for bytes that are not whole rows; ERR_WIRE_MALFORMED for broken text
 */
export function decodeRows(bytes: Uint8Array, format: FormatMessage): DecodedRows {
  const { encoding } = format;
  if (encoding === 'csv') return decodeCsv(readText(bytes), format);
  if (encoding === 'ndjson') return decodeNdjson(readText(bytes), format);
  const rowBytes = rowBytesMin(format);
  if (bytes.length % rowBytes !== 0) {
    throw engineError('ERR_PARTIAL_SAMPLE', `${bytes.length} bytes are not whole rows of ${rowBytes}`, {
      expected: `a multiple of ${rowBytes} bytes (${rowWidth(format)} x ${encoding}); send the whole message again`,
    });
  }
  const rows = encoding === 'pcm_s16le' ? fromPcm16(bytes) : fromF32(bytes);
  return { rows, count: bytes.length / rowBytes, faults: NO_FAULTS };
}

/**
 * Rows [n, width] as pcm_s16le (clipped to [-1, 1)) or f32le. int16 rows pass into pcm_s16le as they are.
 * @throws ERR_NON_FINITE_INPUT for NaN as pcm_s16le
 */
export function encodeRows(rows: Float32Array | Int16Array, encoding: 'pcm_s16le' | 'f32le'): Uint8Array {
  const bytes = new Uint8Array(rows.length * VALUE_BYTES[encoding]);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < rows.length; i++) {
    const value = rows[i]!;
    if (encoding === 'f32le') view.setFloat32(4 * i, rows instanceof Int16Array ? value / 32768 : value, true);
    else view.setInt16(2 * i, rows instanceof Int16Array ? value : toInt16(value), true);
  }
  return bytes;
}

function toInt16(value: number): number {
  if (value !== value) {
    throw engineError('ERR_NON_FINITE_INPUT', 'pcm_s16le has no NaN', {
      expected: 'finite samples, or f32le, or a gap for what is missing',
    });
  }
  return Math.max(-32768, Math.min(32767, Math.round(value * 32768)));
}

function fromPcm16(bytes: Uint8Array): Float32Array {
  const rows = new Float32Array(bytes.length / 2);
  if (LITTLE_ENDIAN && bytes.byteOffset % 2 === 0) {
    const values = new Int16Array(bytes.buffer, bytes.byteOffset, rows.length);
    for (let i = 0; i < rows.length; i++) rows[i] = values[i]! / 32768;
    return rows;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < rows.length; i++) rows[i] = view.getInt16(2 * i, true) / 32768;
  return rows;
}

/** A view of the payload itself where it lies on 4 bytes, as in a WebSocket's or a framed message that came in one piece. */
function fromF32(bytes: Uint8Array): Float32Array {
  if (LITTLE_ENDIAN && bytes.byteOffset % 4 === 0) {
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rows = new Float32Array(bytes.length / 4);
  for (let i = 0; i < rows.length; i++) rows[i] = view.getFloat32(4 * i, true);
  return rows;
}

function readText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw engineError('ERR_WIRE_MALFORMED', 'the rows are not UTF-8 text', { expected: 'UTF-8', cause });
  }
}
