// Reads wav files in constant memory and without any native library: PCM of 8, 16, 24 and 32 bits, float of 32 and 64.
// Other wav codecs (mu-law, A-law, ADPCM) are left to decode-native.ts. Format: RIFF/WAVE; beyond 4 GiB RF64 (EBU 3306), its
// successor BW64 (ITU-R BS.2088), and what writes RIFF all the same: its 32-bit sizes have then wrapped around.

import { type FileHandle, open } from 'node:fs/promises';
import { engineError } from '../../base/errors.ts';
import { BLOCK_FRAMES, type DecodedAudio } from './audio-file.ts';

export interface WavFormat {
  /** 1: integer PCM, 3: float; anything else is a codec. */
  readonly codec: number;
  readonly bits: number;
  readonly width: number;
  readonly rateHz: number;
  /** First byte of the samples, and how many of them there are. */
  readonly dataAt: number;
  readonly dataBytes: number;
}

const FOUR_GIB = 0x1_0000_0000;
const CHUNKS_MAX = 1000; // a file of nothing but chunk headers must not keep us busy
const WIDTH_MAX = 64;

/**
 * Finds the fmt and data chunks. A data size of 0xffffffff (a recorder that never came back to patch it) and one beyond
 * the end of the file (a copy cut short) both mean: to the end of the file. One that falls short of the file by 4 GiB or
 * more has wrapped around: ffmpeg without `-rf64 auto` and many recorders write so.
 * @throws ERR_FILE_NOT_AUDIO if a chunk is missing or nonsense
 */
export async function readWavFormat(path: string, file: FileHandle): Promise<WavFormat> {
  const { size } = await file.stat();
  let fmt: Omit<WavFormat, 'dataAt' | 'dataBytes'> | undefined;
  let longSize = 0; // RF64 keeps the true data size in its ds64 chunk
  for (let at = 12, n = 0; at + 8 <= size && n < CHUNKS_MAX; n++) {
    const head = await readAt(file, at, 8);
    const id = String.fromCharCode(...new Uint8Array(head.buffer, 0, 4));
    const bytes = head.getUint32(4, true);
    if (id === 'fmt ') fmt = parseFmt(await readAt(file, at + 8, Math.min(bytes, 40, size - at - 8)));
    if (id === 'ds64' && bytes >= 16 && at + 24 <= size) {
      longSize = Number((await readAt(file, at + 16, 8)).getBigUint64(0, true));
    }
    if (id === 'data') {
      if (fmt === undefined) throw broken(path, 'its data chunk comes before any usable fmt chunk');
      const there = size - at - 8;
      return { ...fmt, dataAt: at + 8, dataBytes: Math.min(there, dataSize(bytes, longSize, there)) };
    }
    at += 8 + bytes + (bytes & 1);
  }
  throw broken(path, fmt === undefined ? 'it has no usable fmt chunk' : 'it has no data chunk');
}

/** @param there bytes from the first sample to the end of the file */
function dataSize(declared: number, longSize: number, there: number): number {
  if (declared === 0xffffffff) return longSize > 0 ? longSize : there;
  return declared + FOUR_GIB * Math.max(0, Math.floor((there - declared) / FOUR_GIB));
}

/** The samples of an integer or float wav, or undefined: its codec is not ours to read. */
export function readWav(path: string, format: WavFormat): DecodedAudio | undefined {
  const { bits, width, rateHz, dataAt, dataBytes } = format;
  const found = converterOf(format);
  if (found === undefined) return undefined;
  const convert: Converter = found; // a const of its own type: the generator below keeps no narrowing
  const frameBytes = (bits / 8) * width;
  const frames = Math.floor(dataBytes / frameBytes);
  async function* blocks(first = 0): AsyncIterable<Float32Array> {
    const file = await open(path);
    const buffer = new Uint8Array(BLOCK_FRAMES * frameBytes);
    const view = new DataView(buffer.buffer);
    const read = (from: number): Promise<void> => {
      const bytes = Math.max(0, Math.min(BLOCK_FRAMES, frames - from)) * frameBytes;
      return readFully(file, buffer.subarray(0, bytes), dataAt + from * frameBytes);
    };
    let ahead = read(first); // the next block is fetched while the receiver works on this one
    try {
      for (let from = first; from < frames; from += BLOCK_FRAMES) {
        await ahead;
        const out = new Float32Array(Math.min(BLOCK_FRAMES, frames - from) * width);
        convert(view, out);
        ahead = read(from + BLOCK_FRAMES);
        ahead.catch(() => undefined); // thrown at the `await` above, if anybody still asks
        yield out;
      }
    } finally {
      await ahead.catch(() => undefined);
      await file.close();
    }
  }
  return { rateHz, width, frames, blocks };
}

type Converter = (view: DataView, out: Float32Array) => void;

/** Integers map to [-1, 1) by 2^(bits - 1), so that 16-bit samples come back bit by bit when written again. */
function converterOf({ codec, bits }: WavFormat): Converter | undefined {
  const per = (get: (view: DataView, i: number) => number): Converter => {
    return (view, out) => {
      for (let i = 0; i < out.length; i++) out[i] = get(view, i);
    };
  };
  if (codec === 3 && bits === 32) return per((v, i) => v.getFloat32(i * 4, true));
  if (codec === 3 && bits === 64) return per((v, i) => v.getFloat64(i * 8, true));
  if (codec !== 1) return undefined;
  if (bits === 8) return per((v, i) => (v.getUint8(i) - 128) / 128); // the one unsigned width
  if (bits === 16) return per((v, i) => v.getInt16(i * 2, true) / 32_768);
  if (bits === 24) return per((v, i) => (v.getUint16(i * 3, true) + v.getInt8(i * 3 + 2) * 65_536) / 8_388_608);
  if (bits === 32) return per((v, i) => v.getInt32(i * 4, true) / 2_147_483_648);
  return undefined;
}

function parseFmt(fmt: DataView): Omit<WavFormat, 'dataAt' | 'dataBytes'> | undefined {
  if (fmt.byteLength < 16) return undefined;
  const tag = fmt.getUint16(0, true);
  const codec = tag === 0xfffe && fmt.byteLength >= 26 ? fmt.getUint16(24, true) : tag; // 0xfffe: "extensible"
  const [width, rateHz, bits] = [fmt.getUint16(2, true), fmt.getUint32(4, true), fmt.getUint16(14, true)];
  if (width < 1 || width > WIDTH_MAX || rateHz < 1) return undefined;
  return { codec, bits, width, rateHz };
}

async function readAt(file: FileHandle, at: number, bytes: number): Promise<DataView> {
  const buffer = new Uint8Array(bytes);
  await readFully(file, buffer, at);
  return new DataView(buffer.buffer);
}

/** Fills `into` from byte `at`. A file that shrank meanwhile reads as zeros: its length was promised already. */
async function readFully(file: FileHandle, into: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await file.read(into, done, into.length - done, at + done);
    if (bytesRead === 0) {
      into.fill(0, done);
      return;
    }
    done += bytesRead;
  }
}

function broken(path: string, why: string) {
  return engineError('ERR_FILE_NOT_AUDIO', `broken wav file: ${path}: ${why}`, {
    expected: 'a RIFF/WAVE file with a fmt and a data chunk',
  });
}
