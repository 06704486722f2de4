// The bytes of a stream until it ends or we close it. Node ends the loop over a destroyed stream with an error; here
// closing is a way to end, so `Source.close` lets a reader that waits for input finish quietly.

import type { Readable } from 'node:stream';

export async function* piecesOf(input: Readable): AsyncGenerator<Uint8Array> {
  try {
    yield* input as AsyncIterable<Uint8Array>;
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code;
    if (code !== 'ERR_STREAM_PREMATURE_CLOSE' && code !== 'ABORT_ERR') throw thrown;
  }
}
