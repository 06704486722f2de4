// Tells audio formats apart by their first bytes and reads each one's own sample rate from its header: the decoder would
// otherwise resample to a rate of our choosing. Knows nothing of samples; wav-reader.ts and decode-native.ts do.
// Layouts: FLAC format, METADATA_BLOCK_STREAMINFO; Vorbis I, 4.2.2; RFC 3533 (Ogg pages); ISO 11172-3, 2.4.1.3 (MP3).

export type AudioFormat = 'wav' | 'flac' | 'ogg' | 'mp3';

export interface AudioHeader {
  readonly format: AudioFormat;
  /** 0: the header does not say (wav: the fmt chunk may lie further on; wav-reader.ts reads it). */
  readonly rateHz: number;
}

/** Enough for every header below, but for an ID3 tag with pictures in front: then see `id3Bytes`. */
export const HEAD_BYTES = 64 * 1024;

/** Length of an ID3v2 tag at the start of `head`, 0 if there is none: the audio begins behind it. */
export function id3Bytes(head: Uint8Array): number {
  if (text(head, 0, 3) !== 'ID3' || head.length < 10) return 0;
  const size = ((head[6]! & 127) << 21) | ((head[7]! & 127) << 14) | ((head[8]! & 127) << 7) | (head[9]! & 127);
  return 10 + size + ((head[5]! & 0x10) === 0 ? 0 : 10); // bit 4: a footer repeats the header
}

/** The format and own rate of a file that begins with `head` (behind any ID3 tag), or undefined: not one of ours. */
export function readAudioHeader(head: Uint8Array): AudioHeader | undefined {
  const magic = text(head, 0, 4);
  if (['RIFF', 'RF64', 'BW64'].includes(magic) && text(head, 8, 12) === 'WAVE') return { format: 'wav', rateHz: 0 };
  if (magic === 'fLaC') return known('flac', flacRate(head));
  if (magic === 'OggS') return known('ogg', vorbisRate(head));
  return known('mp3', mp3Rate(head));
}

/** Words for what does not look like audio: `head` as text or bytes, and what it is if that is easy to say. */
export function describeHead(head: Uint8Array): string {
  if (head.length === 0) return 'it is empty';
  for (const [at, magic, name] of STRANGERS)
    if (text(head, at, at + magic.length) === magic) return `it looks like ${name}`;
  const start = head.subarray(0, 12);
  if (start.every((b) => (b >= 32 && b < 127) || b === 10 || b === 13 || b === 9 || b >= 0xc2)) {
    return `it begins with the text ${JSON.stringify(new TextDecoder().decode(start))}`;
  }
  return `it begins with the bytes ${[...start.subarray(0, 8)].map((b) => b.toString(16).padStart(2, '0')).join(' ')}`;
}

const STRANGERS: readonly (readonly [at: number, magic: string, name: string])[] = [
  [28, 'OpusHead', 'Ogg with Opus inside, which the decoder does not know'],
  [28, '\x7fFLAC', 'Ogg with FLAC inside, which the decoder does not know'],
  [4, 'ftyp', 'MP4 or M4A, which the decoder does not know'],
  [0, 'FORM', 'AIFF, which the decoder does not know'],
  [
    0,
    'riff',
    'Sony Wave64 (w64), which is not read; ffmpeg -i in.w64 -rf64 auto out.wav makes a wav of any length of it',
  ],
  [0, '\x1aE\xdf\xa3', 'WebM or Matroska, which the decoder does not know'],
  [0, 'PK\x03\x04', 'a zip archive'],
  [0, '\x1f\x8b', 'a gzip file'],
  [0, '%PDF', 'a PDF'],
  [0, '\x89PNG', 'a PNG picture'],
];

const known = (format: AudioFormat, rateHz: number) => (rateHz > 0 ? { format, rateHz } : undefined);

function text(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}

/** STREAMINFO is always first: 4 magic + 4 block header + 10, then 20 bits of rate. */
function flacRate(head: Uint8Array): number {
  if (head.length < 42 || (head[4]! & 127) !== 0) return 0;
  return (head[18]! << 12) | (head[19]! << 4) | (head[20]! >> 4);
}

/** First packet of the first page, behind its segment table: 1 'vorbis' u32 version, u8 channels, u32 rate. */
function vorbisRate(head: Uint8Array): number {
  const at = 27 + (head[26] ?? 0);
  if (head.length < at + 16 || text(head, at, at + 7) !== '\x01vorbis') return 0;
  return new DataView(head.buffer, head.byteOffset).getUint32(at + 12, true);
}

const MP3_RATES = [44_100, 48_000, 32_000];
const MP3_KBPS_1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const MP3_KBPS_2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

/** Two layer III frame headers one frame apart: eleven sync bits alone turn up in any file. */
function mp3Rate(head: Uint8Array): number {
  for (let at = 0; at + 4 <= head.length && at < 4096; at++) {
    const frame = mp3Frame(head, at);
    if (frame !== undefined && mp3Frame(head, at + frame.bytes)?.rateHz === frame.rateHz) return frame.rateHz;
  }
  return 0;
}

export interface Mp3Frame {
  readonly rateHz: number;
  /** To the next frame. */
  readonly bytes: number;
  /** Samples per channel in it, and channels. */
  readonly frames: number;
  readonly width: number;
}

/** The layer III frame whose header lies at byte `at`, or undefined: there is none. */
export function mp3Frame(head: Uint8Array, at: number): Mp3Frame | undefined {
  const [a, b, c, d = 0] = [head[at], head[at + 1], head[at + 2], head[at + 3]];
  if (a !== 0xff || b === undefined || c === undefined || (b & 0xe6) !== 0xe2) return undefined; // sync, layer III
  const version = (b >> 3) & 3; // 0: MPEG 2.5, 2: MPEG 2, 3: MPEG 1
  const rate = MP3_RATES[(c >> 2) & 3];
  const kbps = (version === 3 ? MP3_KBPS_1 : MP3_KBPS_2)[c >> 4];
  if (version === 1 || rate === undefined || kbps === undefined || kbps === 0) return undefined;
  const rateHz = version === 3 ? rate : version === 2 ? rate / 2 : rate / 4;
  const bytes = Math.floor(((version === 3 ? 144 : 72) * kbps * 1000) / rateHz) + ((c >> 1) & 1);
  return { rateHz, bytes, frames: version === 3 ? 1152 : 576, width: d >> 6 === 3 ? 1 : 2 };
}
