// What a caller gives to `send`, cut into payloads of messages: whole rows each, none larger than `bytesMax`.

import { engineError } from '../base/errors.ts';
import type { FormatMessage, GapMessage, RowsMessage } from '../wire/messages.ts';
import { rowWidth } from '../wire/row-builder.ts';
import { decodeRows, encodeRows, rowBytesMin } from '../wire/rows.ts';
import type { ConnectOptions } from './options.ts';

/** Rows [n, width], or whole lines of text when the encoding is csv or ndjson. */
export type RowsInput = Float32Array | Int16Array | string;

export interface Piece {
  readonly bytes: Uint8Array;
  readonly rows: number;
}

/** @throws ERR_FORMAT_UNSUPPORTED, ERR_PARTIAL_SAMPLE, ERR_WIRE_TOO_LARGE (one line longer than a message) */
export function* piecesOf(input: RowsInput, format: FormatMessage, bytesMax: number): Generator<Piece> {
  const { encoding } = format;
  const isText = encoding === 'csv' || encoding === 'ndjson';
  if (isText !== (typeof input === 'string')) {
    throw engineError('ERR_FORMAT_UNSUPPORTED', `${typeof input === 'string' ? 'text' : 'an array'} as ${encoding}`, {
      expected: isText ? 'a string of whole lines' : 'a Float32Array or Int16Array of whole rows',
    });
  }
  if (typeof input === 'string') {
    for (const text of cutLines(input, bytesMax)) {
      const bytes = new TextEncoder().encode(text);
      yield { bytes, rows: decodeRows(bytes, format).count };
    }
    return;
  }
  const width = rowWidth(format);
  if (input.length % width !== 0) {
    throw engineError('ERR_PARTIAL_SAMPLE', `${input.length} values are not whole rows of ${width}`, {
      expected: `a multiple of ${width} values`,
    });
  }
  const valuesMax = Math.max(1, Math.floor(bytesMax / rowBytesMin(format))) * width;
  for (let at = 0; at < input.length; at += valuesMax) {
    const part = input.subarray(at, at + valuesMax);
    yield { bytes: encodeRows(part, encoding as 'pcm_s16le' | 'f32le'), rows: part.length / width };
  }
}

/** What follows the first `rows` rows of a piece. */
export function skipRows(bytes: Uint8Array, rows: number, format: FormatMessage): Uint8Array {
  if (format.encoding !== 'csv' && format.encoding !== 'ndjson') return bytes.subarray(rows * rowBytesMin(format));
  let skipped = 0;
  let at = 0;
  while (skipped < rows && at < bytes.length) {
    const end = bytes.indexOf(LINE_END, at) + 1 || bytes.length;
    skipped += decodeRows(bytes.subarray(at, end), format).count;
    at = end;
  }
  return bytes.subarray(at);
}

const LINE_END = 10;

/** A gap in as many messages as the server's bound asks for. */
export function* gapsOf(
  { from, to, why }: Pick<GapMessage, 'from' | 'to' | 'why'>,
  rowsMax: number,
): Generator<GapMessage> {
  for (let at = from; at < to; at += rowsMax) yield { type: 'gap', from: at, to: Math.min(at + rowsMax, to), why };
}

/** Where rows lie, in the forms that can say it. */
export function placeOf(
  { protocol, frame }: Pick<ConnectOptions, 'protocol' | 'frame'>,
  offset: number,
  count: number,
): Pick<RowsMessage, 'offset' | 'count'> {
  if (frame === 'framed') return { offset, count };
  return protocol === 'pb' ? { offset } : {};
}

/** At line ends only. Characters count as the 3 bytes that UTF-8 may need, unless all of `text` is small anyway. */
function* cutLines(text: string, bytesMax: number): Generator<string> {
  const charactersMax = Math.floor(bytesMax / 3);
  let from = 0;
  while (text.length - from > charactersMax) {
    const end = text.lastIndexOf('\n', from + charactersMax - 1) + 1;
    if (end <= from) {
      throw engineError('ERR_WIRE_TOO_LARGE', 'one line of text does not fit into a message', {
        expected: `lines of at most ${charactersMax} characters`,
      });
    }
    yield text.slice(from, end);
    from = end;
  }
  if (from < text.length) yield text.slice(from);
}
