// Cuts a stream of bytes into pieces of whole CSV lines, so that a file of any length is read in constant memory. A line
// end inside quotes is no line end. Unzips what begins like gzip, whatever the file is called.

import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { engineError } from '../../base/errors.ts';
import { piecesOf } from './pieces-of.ts';

/** A line longer than this is no CSV that we could keep in bounded memory. */
export const LINE_BYTES_MAX = 1024 * 1024;

/**
 * Pieces of at least two lines, the first one at least (its header and a row to look at), cut at line ends.
 * @param name what to call the input in an error
 * @throws ERR_FILE_NOT_CSV for bytes that are not UTF-8 text, broken gzip, a line without end
 */
export async function* csvLines(input: Readable, name: string): AsyncIterable<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let held = '';
  let first = true;
  try {
    for await (const bytes of await unzipped(input)) {
      held += decoder.decode(bytes, { stream: true });
      const cut = lastLineEnd(held);
      if (cut > 0 && (!first || held.indexOf('\n') < cut - 1)) {
        yield held.slice(0, cut);
        held = held.slice(cut);
        first = false;
      }
      if (held.length > LINE_BYTES_MAX) throw notCsv(name, `a line of more than ${LINE_BYTES_MAX} characters`);
    }
    held += decoder.decode();
  } catch (thrown) {
    if (thrown instanceof TypeError) throw notCsv(name, 'it is not UTF-8 text', thrown);
    if (String((thrown as NodeJS.ErrnoException).code).startsWith('Z_')) throw notCsv(name, 'broken gzip', thrown);
    throw thrown;
  }
  if (held.trim() !== '') yield held;
}

async function unzipped(input: Readable): Promise<AsyncIterable<Uint8Array>> {
  const iterator = piecesOf(input)[Symbol.asyncIterator]();
  const head = await iterator.next();
  async function* all(): AsyncGenerator<Uint8Array> {
    try {
      if (!head.done) yield head.value;
      yield* { [Symbol.asyncIterator]: () => iterator };
    } finally {
      input.destroy();
    }
  }
  if (head.done || head.value[0] !== 0x1f || head.value[1] !== 0x8b) return all();
  const gunzip = createGunzip();
  gunzip.once('close', () => input.destroy());
  feed(all(), gunzip);
  return gunzip;
}

/** Writes as the unzipper takes it; a failure of the input becomes a failure of the reader. */
async function feed(bytes: AsyncIterable<Uint8Array>, gunzip: ReturnType<typeof createGunzip>): Promise<void> {
  try {
    for await (const piece of bytes) {
      if (gunzip.destroyed) return;
      if (!gunzip.write(piece))
        await new Promise<void>((resolve) => gunzip.once('drain', resolve).once('close', resolve));
    }
    gunzip.end();
  } catch (thrown) {
    gunzip.destroy(thrown as Error);
  }
}

/** Behind the last line end that lies outside quotes; 0: none. Text always begins outside quotes. */
function lastLineEnd(text: string): number {
  let cut = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 34) quoted = !quoted;
    else if (c === 10 && !quoted) cut = i + 1;
  }
  return cut;
}

function notCsv(name: string, why: string, cause?: unknown) {
  return engineError('ERR_FILE_NOT_CSV', `not a CSV file: ${name}: ${why}`, {
    expected: 'UTF-8 text of lines with fields separated by commas, plain or gzipped',
    cause,
  });
}
