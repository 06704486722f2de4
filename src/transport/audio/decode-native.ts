// Decodes flac, mp3, Ogg Vorbis and coded wav with node-web-audio-api (measured with 1.0.9). The whole file lies in memory,
// coded and decoded: that is the library's way, hence `FILE_BYTES_MAX`. Constant memory: wav-reader.ts.

import { readFile } from 'node:fs/promises';
import { engineError } from '../../base/errors.ts';
import { BLOCK_FRAMES, type DecodedAudio, READABLE_FORMATS } from './audio-file.ts';
import type { AudioFormat } from './audio-header.ts';
import { loadAudioSystem } from './audio-system.ts';

/** About 70 minutes of mp3 at 128 kbit/s, which decode to 1.5 GB; longer recordings are better kept as wav. */
export const FILE_BYTES_MAX = 64 * 1024 * 1024;
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
  const bytes = await readFile(path);
  if (bytes.length > FILE_BYTES_MAX) {
    throw engineError('ERR_FILE_NOT_AUDIO', `${path} is too long to decode at once`, {
      expected: `at most ${FILE_BYTES_MAX} bytes of ${format}, or a wav file of any length`,
    });
  }
  const vorbisFrames = format === 'ogg' ? lastGranule(bytes) : Infinity;
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
  return { rateHz: buffer.sampleRate, width: buffer.numberOfChannels, frames, blocks: () => blocksOf(buffer, frames) };
}

async function* blocksOf(buffer: AudioBuffer, frames: number): AsyncIterable<Float32Array> {
  const width = buffer.numberOfChannels;
  for (let from = 0; from < frames; from += BLOCK_FRAMES) {
    const channel = new Float32Array(Math.min(BLOCK_FRAMES, frames - from));
    const out = new Float32Array(channel.length * width);
    for (let c = 0; c < width; c++) {
      buffer.copyFromChannel(channel, c, from);
      for (let i = 0; i < channel.length; i++) out[i * width + c] = channel[i]!;
    }
    yield out;
  }
}

/** Granule position of the last Ogg page: for Vorbis the number of frames in all (RFC 3533, section 6, field 4). */
function lastGranule(bytes: Buffer): number {
  const at = bytes.lastIndexOf('OggS');
  if (at < 0 || at + 14 > bytes.length) return Infinity;
  const granule = bytes.readBigInt64LE(at + 6);
  return granule > 0n ? Number(granule) : Infinity;
}
