// Lines of a pipe or a file as messages, one each. A file may be followed as it grows (follow-file.ts); then a message says
// where the file stands behind it, so that a later process goes on there. A line without its end is no line until the input
// is over. With a header, each message begins with it, as a message stands for itself.

import type { MessageSource, SourceHandlers } from '../message-source.ts';
import type { FilePiece, FilePlace } from './follow-file.ts';

export interface LineSourceOptions {
  readonly name: string;
  /** @param from where an earlier process stood */
  readonly open: (from: FilePlace | undefined, stop: AbortSignal) => AsyncIterable<FilePiece>;
  /** The first line of the input names the columns. */
  readonly header: boolean;
  /** The header of a file that is not read from its beginning. */
  readonly readHeader?: () => Promise<Buffer | undefined>;
}

/** A line longer than this is none that a sensor sends. */
export const LINE_BYTES_MAX = 1024 * 1024;
const NEWLINE = 10;
/** Tells a place in a file from whatever else a folder may hold. */
const isPlace = (at: unknown): at is FilePlace => typeof (at as FilePlace | undefined)?.offset === 'number';

export function lineSource({ name, open, header, readHeader }: LineSourceOptions): MessageSource {
  const stop = new AbortController();

  async function readLines({ take, tell }: SourceHandlers, from: FilePlace | undefined): Promise<void> {
    let head = header && from !== undefined ? await readHeader?.() : undefined;
    let rest: Buffer = Buffer.alloc(0);
    let tooLong = false;
    let line = 0;
    async function say(text: Buffer, at: FilePlace | undefined): Promise<void> {
      line++;
      if (text.toString('latin1').trim() === '') return;
      if (header && head === undefined) head = Buffer.concat([text, Buffer.of(NEWLINE)]);
      else await take({ topic: '', bytes: head ? Buffer.concat([head, text]) : text, line, ...(at ? { at } : {}) });
    }
    let before: FilePlace | undefined;
    for await (const { bytes, place } of open(from, stop.signal)) {
      const other = before !== undefined && (place?.inode !== before.inode || place.offset < before.offset);
      // The end of a file is the end of its last line; one that was cut off under our feet has lost it.
      if (other && rest.length > 0 && place?.inode !== before?.inode) await say(rest, undefined);
      if (other) rest = Buffer.alloc(0);
      before = place;
      const text = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      let begin = 0;
      for (let end = text.indexOf(NEWLINE); end >= 0 && !stop.signal.aborted; end = text.indexOf(NEWLINE, begin)) {
        const own = text.subarray(begin, end);
        begin = end + 1;
        if (!tooLong) await say(own, place && { ...place, offset: place.offset - (text.length - begin) });
        tooLong = false;
      }
      rest = text.subarray(begin);
      if (stop.signal.aborted) return;
      if (rest.length <= LINE_BYTES_MAX) continue;
      if (!tooLong) tell(`${name}: a line of more than ${LINE_BYTES_MAX} bytes is passed over`);
      tooLong = true;
      rest = Buffer.alloc(0);
    }
    if (rest.length > 0 && !tooLong && !stop.signal.aborted) await say(rest, undefined);
  }

  return {
    name,
    run: (handlers, at) => readLines(handlers, isPlace(at) ? at : undefined),
    stop: async () => stop.abort(),
    close: async () => stop.abort(),
  };
}
