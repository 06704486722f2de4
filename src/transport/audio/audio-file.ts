// What every audio file looks like once opened, whatever its format, and the errors of opening one.
// Samples stay at the file's own rate and width; resampling is a stage's business (operator/resample).

import { engineError } from '../../base/errors.ts';

/** An opened audio file. `blocks()` may be called again, and begins where it is told. */
export interface DecodedAudio {
  readonly rateHz: number;
  readonly width: number;
  /** Sample frames in the file; a frame holds one sample per channel. */
  readonly frames: number;
  /** Interleaved samples in [-1, 1], [frames, width], at most `BLOCK_FRAMES` frames each; the receiver owns them. */
  blocks(firstFrame?: number): AsyncIterable<Float32Array>;
}

/** Frames a block, at most: a second of 16 kHz (100 hops of 10 ms), a third of one at 48 kHz. What larger ones gain: app/run/run-stream.ts. */
export const BLOCK_FRAMES = 16_000;
export const READABLE_FORMATS = 'wav, flac, mp3 or ogg (Vorbis)';

/** An operating system's refusal to open or read `path`, in our words; anything else comes back as it was thrown. */
export function fileError(path: string, thrown: unknown): unknown {
  const code = (thrown as NodeJS.ErrnoException | undefined)?.code;
  const detail = { cause: thrown, expected: 'the path of a readable file' };
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return engineError('ERR_FILE_NOT_FOUND', `no such file: ${path}`, detail);
  if (code === 'EACCES' || code === 'EPERM') {
    return engineError('ERR_FILE_NOT_FOUND', `not allowed to read: ${path}`, detail);
  }
  if (code === 'EISDIR') {
    return engineError('ERR_FILE_NOT_AUDIO', `a folder, not a file: ${path}`, {
      cause: thrown,
      expected: READABLE_FORMATS,
    });
  }
  return thrown;
}
