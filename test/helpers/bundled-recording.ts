// The bundled recordings' samples, 16 kHz mono, 16 bit, behind a plain 44-byte header; and where in one of them words are said.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../arch/imports.ts';

const HEADER_BYTES = 44;

/** Seconds of the recording. */
export interface SaidWord {
  readonly word: string;
  readonly from: number;
  readonly to: number;
}

/** Two sentences in noise, with no word that a spotter knows. */
export const bundledSpeech = (): Promise<Float32Array> => samplesOf('speech-in-noise.wav');

/** Alexa, four and computer, between other things that are said. */
export async function bundledWords(): Promise<{ speech: Float32Array; words: readonly SaidWord[] }> {
  const words = await readFile(join(ROOT, 'assets/words.json'), 'utf8');
  return { speech: await samplesOf('words.wav'), words: JSON.parse(words) as SaidWord[] };
}

async function samplesOf(name: string): Promise<Float32Array> {
  const bytes = await readFile(join(ROOT, 'assets', name));
  const data = bytes.buffer.slice(
    bytes.byteOffset + HEADER_BYTES,
    bytes.byteOffset + bytes.length - (bytes.length % 2),
  );
  return Float32Array.from(new Int16Array(data), (value) => value / 32_768);
}
