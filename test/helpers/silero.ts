// Silero VAD's graph from the development dependency @ricky0123/vad-web: a real model that we did not make.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { sileroManifest } from '../../src/cell/onnx/silero.ts';
import { modelFromBytes } from '../../src/weights/model-from-bytes.ts';
import type { Model } from '../../src/weights/tensor.ts';

export const SILERO_HOP_ROWS = 512;
export const SILERO_RATE_HZ = 16_000;

export async function openSilero(): Promise<Model> {
  const folder = dirname(createRequire(import.meta.url).resolve('@ricky0123/vad-web'));
  return modelFromBytes({
    name: 'silero',
    config: new TextEncoder().encode(JSON.stringify(sileroManifest)),
    onnx: await readFile(join(folder, sileroManifest.onnx.file)),
  });
}
