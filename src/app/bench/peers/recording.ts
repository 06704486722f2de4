// The bundled recording, which every peer is measured on: twelve seconds of speech in noise at 16 kHz.

import { join } from 'node:path';
import { ASSETS } from '../../paths.ts';
import { readSamples } from '../../run/read-samples.ts';
import { openSource } from '../../source/open-source.ts';

export interface Recording {
  readonly samples: Float32Array;
  readonly rateHz: number;
}

export async function bundledRecording(): Promise<Recording> {
  const source = await openSource(join(ASSETS, 'speech-in-noise.wav'));
  return { samples: await readSamples(source), rateHz: source.rateHz };
}
