// Silero VAD (https://github.com/snakers4/silero-vad, MIT), the graph that npm's @ricky0123/vad-web carries: 16 kHz, a
// probability every 512 rows. Manifest: cell/onnx/silero.ts.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { sileroManifest } from '../../../cell/onnx/index.ts';
import { openGraph } from './onnx-graph.ts';
import type { Peer } from './peer.ts';

const CARRIER = '@ricky0123/vad-web';

/** Undefined where the development dependency is not installed. */
export async function openSilero(): Promise<Peer | undefined> {
  let folder: string;
  try {
    folder = dirname(createRequire(import.meta.url).resolve(CARRIER));
  } catch {
    return undefined;
  }
  const { onnx } = sileroManifest;
  const graph = await openGraph(await readFile(join(folder, onnx.file)), onnx);
  return {
    name: 'Silero VAD',
    rateHz: 16_000,
    frameRows: onnx.input.rows,
    answers: 'speech',
    latencyRows: 0,
    start: () => ({ process: graph.start(), close: () => undefined }),
  };
}
