// Opens an audio file of any format Millrace reads: the door of this folder for files. wav needs no native library and
// constant memory (wav-reader.ts); the rest goes through node-web-audio-api (decode-native.ts).

import { type FileHandle, open } from 'node:fs/promises';
import { engineError } from '../../base/errors.ts';
import { type DecodedAudio, fileError, READABLE_FORMATS } from './audio-file.ts';
import { type AudioFormat, describeHead, HEAD_BYTES, id3Bytes, readAudioHeader } from './audio-header.ts';
import { decodeNative } from './decode-native.ts';
import { readWav, readWavFormat } from './wav-reader.ts';

/**
 * Looks at the file's first bytes, not at its name.
 * @throws ERR_FILE_NOT_FOUND, ERR_FILE_NOT_AUDIO, ERR_AUDIO_SYSTEM (never for wav of plain samples)
 */
export async function decodeAudioFile(path: string): Promise<DecodedAudio> {
  const opened = await openHeader(path).catch((thrown: unknown) => {
    throw fileError(path, thrown);
  });
  return 'blocks' in opened ? opened : decodeNative(path, opened.format, opened.rateHz);
}

async function openHeader(path: string): Promise<DecodedAudio | { format: AudioFormat; rateHz: number }> {
  const file = await open(path);
  try {
    const head = await readHead(file, 0);
    const tagged = id3Bytes(head);
    const audio = tagged === 0 ? head : await readHead(file, tagged);
    const header = readAudioHeader(audio);
    if (header === undefined) {
      throw engineError('ERR_FILE_NOT_AUDIO', `not an audio file: ${path}: ${describeHead(head)}`, {
        expected: READABLE_FORMATS,
      });
    }
    if (header.format !== 'wav') return header;
    const format = await readWavFormat(path, file);
    return readWav(path, format) ?? { format: 'wav', rateHz: format.rateHz };
  } finally {
    await file.close();
  }
}

async function readHead(file: FileHandle, at: number): Promise<Uint8Array> {
  const { buffer, bytesRead } = await file.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, at);
  return buffer.subarray(0, bytesRead);
}
