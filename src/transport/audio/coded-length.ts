// How long a compressed file is before it is decoded, from what it says of itself: FLAC's STREAMINFO, the last page of an
// Ogg file, every frame header of an MP3. What decodes it: decode-native.ts.

import { type AudioFormat, id3Bytes, mp3Frame } from './audio-header.ts';

export interface CodedLength {
  /** Sample frames, and samples in each. */
  readonly frames: number;
  readonly width: number;
}

/** @param bytes the whole file. undefined: it does not say (a FLAC may not; coded wav is not looked into). */
export function codedLength(bytes: Buffer, format: AudioFormat): CodedLength | undefined {
  const at = id3Bytes(bytes.subarray(0, 10));
  if (format === 'flac') return known(flacFrames(bytes, at), 1 + ((bytes[at + 20]! >> 1) & 7));
  if (format === 'ogg') return known(lastGranule(bytes), bytes[27 + bytes[26]! + 11] ?? 0);
  return format === 'mp3' ? mp3Length(bytes, at) : undefined;
}

const known = (frames: number, width: number) => (frames > 0 && width > 0 ? { frames, width } : undefined);

/** STREAMINFO holds 36 bits of it; 0: unknown, as when it was written to a pipe. */
const flacFrames = (bytes: Buffer, at: number): number =>
  bytes.length < at + 26 ? 0 : (bytes[at + 21]! & 15) * 0x1_0000_0000 + bytes.readUInt32BE(at + 22);

/** Granule position of the last Ogg page: for Vorbis the number of frames in all (RFC 3533, section 6, field 4). */
function lastGranule(bytes: Buffer): number {
  const at = bytes.lastIndexOf('OggS');
  return at < 0 || at + 14 > bytes.length ? 0 : Number(bytes.readBigInt64LE(at + 6));
}

/** Adds up the frames; what lies between them is passed over. 64 MB take some 20 ms. */
function mp3Length(bytes: Buffer, start: number): CodedLength | undefined {
  let frames = 0;
  let width = 0;
  for (let at = start; at + 4 <= bytes.length; ) {
    const frame = mp3Frame(bytes, at);
    frames += frame?.frames ?? 0;
    width = Math.max(width, frame?.width ?? 0);
    at += frame?.bytes ?? 1;
  }
  return known(frames, width);
}
