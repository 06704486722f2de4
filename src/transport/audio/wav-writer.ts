// Writes a wav file as samples come, in constant memory. Until `close` patches the header its sizes say 0xffffffff,
// which readers (ours too) take as "to the end of the file": a killed process leaves a file that still plays.

import { open } from 'node:fs/promises';
import { fileError } from './audio-file.ts';

export interface WavOptions {
  readonly rateHz: number;
  readonly width: number;
  /** pcm_s16le (default): rounded and clipped to 16 bits. f32le: bit by bit what was written. */
  readonly encoding?: 'pcm_s16le' | 'f32le';
}

export interface WavWriter {
  /** Appends interleaved samples, [frames, width]. Await it: that is the backpressure. */
  write(samples: Float32Array): Promise<void>;
  /** Patches the header and closes the file. */
  close(): Promise<void>;
}

const HEADER_BYTES = 44;
const SIZE_MAX = 0xffffffff;

/** @throws ERR_FILE_NOT_FOUND if the folder does not exist or must not be written */
export async function createWavWriter(path: string, options: WavOptions): Promise<WavWriter> {
  const file = await open(path, 'w').catch((thrown: unknown) => {
    throw fileError(path, thrown);
  });
  const encode = options.encoding === 'f32le' ? encodeF32 : encodeS16;
  let bytes = 0;
  await file.write(header(options, SIZE_MAX), 0, HEADER_BYTES, 0);
  return {
    async write(samples) {
      const data = encode(samples);
      const at = HEADER_BYTES + bytes;
      bytes += data.length;
      for (let done = 0; done < data.length; ) {
        done += (await file.write(data, done, data.length - done, at + done)).bytesWritten;
      }
    },
    async close() {
      await file.write(header(options, bytes), 0, HEADER_BYTES, 0);
      await file.close();
    },
  };
}

function encodeS16(samples: Float32Array): Uint8Array {
  const bytes = new Uint8Array(samples.length * 2);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < samples.length; i++) {
    view.setInt16(i * 2, Math.max(-32_768, Math.min(32_767, Math.round(samples[i]! * 32_768))), true);
  }
  return bytes;
}

function encodeF32(samples: Float32Array): Uint8Array {
  const bytes = new Uint8Array(samples.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < samples.length; i++) view.setFloat32(i * 4, samples[i]!, true);
  return bytes;
}

/** The canonical 44 bytes. A file beyond 4 GiB keeps 0xffffffff: read to its end. */
function header({ rateHz, width, encoding }: WavOptions, dataBytes: number): Uint8Array {
  const isFloat = encoding === 'f32le';
  const sampleBytes = isFloat ? 4 : 2;
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  const put = (at: number, id: string) => bytes.set(new TextEncoder().encode(id), at);
  put(0, 'RIFF');
  view.setUint32(4, Math.min(SIZE_MAX, dataBytes + HEADER_BYTES - 8), true);
  put(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, isFloat ? 3 : 1, true);
  view.setUint16(22, width, true);
  view.setUint32(24, rateHz, true);
  view.setUint32(28, rateHz * width * sampleBytes, true);
  view.setUint16(32, width * sampleBytes, true);
  view.setUint16(34, sampleBytes * 8, true);
  put(36, 'data');
  view.setUint32(40, Math.min(SIZE_MAX, dataBytes), true);
  return bytes;
}
