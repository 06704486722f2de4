// The bytes of a pipe, until it ends or somebody stops reading. A pipe has no places: what was read cannot be read again.

import type { Readable } from 'node:stream';
import type { FilePiece } from './follow-file.ts';

export async function* stdinPieces(input: Readable, stop: AbortSignal): AsyncGenerator<FilePiece> {
  stop.addEventListener('abort', () => input.destroy());
  try {
    for await (const bytes of input as AsyncIterable<Buffer>) yield { bytes };
  } catch (thrown) {
    if (!stop.aborted) throw thrown;
  }
}
