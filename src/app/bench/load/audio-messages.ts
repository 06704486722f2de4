// What the streams of a load say: the bundled recording cut into messages, framed before the clock runs, so that sending is
// handing a buffer over. Each slot begins elsewhere in the recording, so speech and noise are mixed over the streams.

import { join } from 'node:path';
import { ASSETS } from '../../paths.ts';
import { readSamples } from '../../run/read-samples.ts';
import { openSource } from '../../source/open-source.ts';
import { putOffset, rowsHeader } from './framed.ts';
import { clientFrame, OPCODE } from './frames.ts';

export interface AudioOptions {
  readonly messageMs: number;
  readonly encoding: 'pcm_s16le' | 'f32le';
  /** framed: a header with the offset before the samples, and before each result. Default raw. */
  readonly frame?: 'raw' | 'framed';
  /** silence: a second of the recording, so that states are alive, and zeros from then on. */
  readonly signal: 'speech' | 'silence';
}

export interface AudioMessages {
  readonly rateHz: number;
  readonly rows: number;
  /** What a slot sends on its `beat`, as its stream's `message`-th message. */
  frame(slot: number, beat: number, message: number): Buffer;
}

const ALIVE_MS = 1000;
/** Messages between the beginnings of neighbouring slots: a prime, so that they spread over the recording. */
const APART = 7919;

export async function audioMessages({ messageMs, encoding, frame, signal }: AudioOptions): Promise<AudioMessages> {
  const source = await openSource(join(ASSETS, 'speech-in-noise.wav'));
  const samples = await readSamples(source);
  const rows = Math.round((source.rateHz * messageMs) / 1000);
  const head = frame === 'framed' ? rowsHeader(rows) : Buffer.alloc(0);
  const frameOf = (part: Float32Array): Buffer =>
    clientFrame(OPCODE.binary, Buffer.concat([head, encode(part, encoding)]));
  const frames = Array.from({ length: Math.floor(samples.length / rows) }, (_, i) =>
    frameOf(samples.subarray(i * rows, (i + 1) * rows)),
  );
  const quiet = frameOf(new Float32Array(rows));
  const headerAt = quiet.indexOf(head); // behind WebSocket's own
  const speaks = signal === 'speech' ? Infinity : ALIVE_MS / messageMs;
  const payload = (slot: number, beat: number): Buffer =>
    beat < speaks ? frames[(slot * APART + beat) % frames.length]! : quiet;
  const numbered = (slot: number, beat: number, message: number): Buffer => {
    const copy = Buffer.from(payload(slot, beat)); // another stream may be sending the same samples at another offset
    putOffset(copy, headerAt, message * rows);
    return copy;
  };
  return { rateHz: source.rateHz, rows, frame: frame === 'framed' ? numbered : payload };
}

function encode(samples: Float32Array, encoding: AudioOptions['encoding']): Uint8Array {
  const wide = encoding === 'f32le';
  const bytes = Buffer.alloc(samples.length * (wide ? 4 : 2));
  for (const [i, sample] of samples.entries()) {
    if (wide) bytes.writeFloatLE(sample, 4 * i);
    else bytes.writeInt16LE(Math.max(-32_768, Math.min(32_767, Math.round(32_768 * sample))), 2 * i);
  }
  return bytes;
}
