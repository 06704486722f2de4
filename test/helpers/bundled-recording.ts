// The bundled recording's samples: 16 kHz mono, 16 bit, behind a plain 44-byte header.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../arch/imports.ts';

const HEADER_BYTES = 44;

export async function bundledSpeech(): Promise<Float32Array> {
  const bytes = await readFile(join(ROOT, 'assets/speech-in-noise.wav'));
  const data = bytes.buffer.slice(
    bytes.byteOffset + HEADER_BYTES,
    bytes.byteOffset + bytes.length - (bytes.length % 2),
  );
  return Float32Array.from(new Int16Array(data), (value) => value / 32_768);
}
