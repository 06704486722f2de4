// Decodes flac, mp3, Ogg Vorbis and coded wav with node-web-audio-api (measured with 1.0.9). The whole file lies in memory,
// coded and decoded: that is the library's way (it has no decoder that streams), hence `HELD_BYTES_MAX`, which is checked
// before anything is decoded. Constant memory and any length: wav-reader.ts.

import { readFile, stat } from 'node:fs/promises';
import { engineError } from '../../base/errors.ts';
import { BLOCK_FRAMES, type DecodedAudio, READABLE_FORMATS } from './audio-file.ts';
import type { AudioFormat } from './audio-header.ts';
import { loadAudioSystem } from './audio-system.ts';
import { codedLength } from './coded-length.ts';

/**
 * Bytes of the file and of its samples as float32: 67 minutes of stereo at 44.1 kHz as mp3, 6 hours of mono at 16 kHz. While
 * it decodes, the library holds about 2.6 times as much (0.95 GB for 34 minutes of stereo at 22 kHz, measured).
 */
export const HELD_BYTES_MAX = 1_500_000_000;
/** Where a file does not say how long it is: decoded bytes per coded one. wav: ADPCM of 4 bits; else 128 kbit/s stereo. */
const expansionGuess = (format: AudioFormat): number => (format === 'wav' ? 8 : 22);
/** What its OfflineAudioContext accepts. */
const RATE_MIN = 2000;
const RATE_MAX = 384_000;

/**
 * All samples of `path` at its own rate and width. `decodeAudioData` resamples to its context's rate, so the context is
 * made with the file's; all channels come through (6 of 6 measured). Vorbis comes padded to whole blocks: cut here to
 * the length that its last page states. MP3 keeps the encoder's padding, about 0.05 to 0.1 s: nothing reliable states it.
 * @throws ERR_FILE_NOT_AUDIO if the decoder refuses the file, ERR_AUDIO_SYSTEM if there is no decoder
 */
export async function decodeNative(path: string, format: AudioFormat, rateHz: number): Promise<DecodedAudio> {
  const { OfflineAudioContext } = await loadAudioSystem();
  if ((await stat(path)).size > HELD_BYTES_MAX) throw tooLong(path, format);
  const bytes = await readFile(path);
  const length = codedLength(bytes, format);
  const decodedBytes = length === undefined ? expansionGuess(format) * bytes.length : 4 * length.frames * length.width;
  if (bytes.length + decodedBytes > HELD_BYTES_MAX) throw tooLong(path, format, length && length.frames / rateHz);
  const vorbisFrames = (format === 'ogg' && length?.frames) || Infinity;
  if (rateHz < RATE_MIN || rateHz > RATE_MAX) {
    throw engineError('ERR_FILE_NOT_AUDIO', `${path} states a rate of ${rateHz} Hz`, {
      expected: `${RATE_MIN} to ${RATE_MAX} Hz for ${format}`,
    });
  }
  const context = new OfflineAudioContext(1, 1, rateHz);
  const copy = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  const buffer = await context.decodeAudioData(copy).catch((thrown: unknown) => {
    throw engineError('ERR_FILE_NOT_AUDIO', `broken ${format} file: ${path}`, {
      cause: thrown,
      expected: READABLE_FORMATS,
    });
  });
  const frames = Math.min(vorbisFrames, buffer.length);
  return {
    rateHz: buffer.sampleRate,
    width: buffer.numberOfChannels,
    frames,
    blocks: (first) => blocksOf(buffer, frames, first),
  };
}

async function* blocksOf(buffer: AudioBuffer, frames: number, first = 0): AsyncIterable<Float32Array> {
  const width = buffer.numberOfChannels;
  for (let from = first; from < frames; from += BLOCK_FRAMES) {
    const channel = new Float32Array(Math.min(BLOCK_FRAMES, frames - from));
    const out = new Float32Array(channel.length * width);
    for (let c = 0; c < width; c++) {
      buffer.copyFromChannel(channel, c, from);
      for (let i = 0; i < channel.length; i++) out[i * width + c] = channel[i]!;
    }
    yield out;
  }
}

function tooLong(path: string, format: AudioFormat, seconds?: number) {
  const length = seconds === undefined ? '' : `, ${Math.round(seconds / 60)} minutes,`;
  return engineError('ERR_FILE_NOT_AUDIO', `${path}${length} is too long: ${format} is decoded in one go, in memory`, {
    expected:
      `at most ${HELD_BYTES_MAX / 1e9} GB coded and decoded (67 minutes of stereo at 44.1 kHz), or a wav file, which is ` +
      `read piece by piece: ffmpeg -i in.${format} -ac 1 -ar 16000 -rf64 auto out.wav`,
  });
}
