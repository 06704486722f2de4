// The peers that map a complex spectrum to a cleaner one, GTCRN and UL-UNAS: 16 kHz, 512 rows every 256, sqrt-Hann on both
// sides, `mix` [1, 257, 1, 2] -> `enh` of the same shape, and caches that begin at 0.

import { readFile } from 'node:fs/promises';
import { type OnnxGraph, openGraph } from './onnx-graph.ts';
import type { Peer, PeerStream } from './peer.ts';
import { makeSpectra, rootHann } from './spectra.ts';

const SIZE = 512;
const HOP_ROWS = 256;
const BINS = 257;

/** @param caches graph inputs and their shapes; the outputs have `_out` behind the name */
export async function openComplexSpectrumPeer(
  name: string,
  file: string,
  caches: Readonly<Record<string, readonly number[]>>,
): Promise<Peer> {
  const graph = await openGraph(await readFile(file), {
    input: { name: 'mix', shape: [1, BINS, 1, 2], width: 2 * BINS },
    output: { name: 'enh', width: 2 * BINS },
    states: Object.entries(caches).map(([cache, shape]) => ({ in: cache, out: `${cache}_out`, shape })),
  });
  return complexSpectrumPeer(name, graph.start);
}

/** The same around any map of spectra [257, 2] -> [257, 2]. */
export function complexSpectrumPeer(name: string, startGraph: OnnxGraph['start']): Peer {
  const window = rootHann(SIZE);
  return {
    name,
    rateHz: 16_000,
    frameRows: HOP_ROWS,
    answers: 'audio',
    latencyRows: SIZE - HOP_ROWS,
    start: () => startStream(startGraph(), window),
  };
}

function startStream(run: ReturnType<OnnxGraph['start']>, window: Float64Array): PeerStream {
  const spectra = makeSpectra({ size: SIZE, hopRows: HOP_ROWS, window });
  const mix = new Float32Array(2 * BINS);
  const enhanced = new Float64Array(2 * BINS);
  return {
    async process(frame) {
      mix.set(spectra.analyse(frame));
      enhanced.set(await run(mix));
      return spectra.overlapAdd(spectra.invert(enhanced));
    },
    close: () => undefined,
  };
}
