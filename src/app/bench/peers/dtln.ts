// DTLN (Westhausen & Meyer 2020, 2005.07551, https://github.com/breizhn/DTLN, MIT): a mask for the magnitudes of a spectrum,
// then a second network on the block that comes of it. 16 kHz, blocks of 512 every 128, no window, plain overlap-add.

import { readFile } from 'node:fs/promises';
import { type OnnxGraph, openGraph } from './onnx-graph.ts';
import type { Peer, PeerStream } from './peer.ts';
import { makeSpectra } from './spectra.ts';

const SIZE = 512;
const HOP_ROWS = 128;
const BINS = 257;
const STATE = [1, 2, 128, 2];

/** @param first, second the files dtln_1.onnx and dtln_2.onnx */
export async function openDtln(first: string, second: string): Promise<Peer> {
  const mask = await openGraph(await readFile(first), {
    input: { name: 'input_2', shape: [1, 1, BINS], width: BINS },
    output: { name: 'activation_2', width: BINS },
    states: [{ in: 'input_3', out: 'tf_op_layer_stack_2', shape: STATE }],
  });
  const block = await openGraph(await readFile(second), {
    input: { name: 'input_4', shape: [1, 1, SIZE], width: SIZE },
    output: { name: 'conv1d_3', width: SIZE },
    states: [{ in: 'input_5', out: 'tf_op_layer_stack_5', shape: STATE }],
  });
  return dtlnPeer(mask.start, block.start);
}

/** The same around any two networks: magnitudes [257] -> mask [257], block [512] -> block [512]. */
export function dtlnPeer(startMask: OnnxGraph['start'], startBlock: OnnxGraph['start']): Peer {
  return {
    name: 'DTLN',
    rateHz: 16_000,
    frameRows: HOP_ROWS,
    answers: 'audio',
    latencyRows: SIZE - HOP_ROWS,
    start: () => startStream(startMask(), startBlock()),
  };
}

type Run = ReturnType<OnnxGraph['start']>;

function startStream(runMask: Run, runBlock: Run): PeerStream {
  const spectra = makeSpectra({ size: SIZE, hopRows: HOP_ROWS });
  const magnitudes = new Float32Array(BINS);
  const masked = new Float64Array(2 * BINS);
  const block = new Float32Array(SIZE);
  return {
    async process(frame) {
      const spectrum = spectra.analyse(frame);
      for (let k = 0; k < BINS; k++) magnitudes[k] = Math.hypot(spectrum[2 * k]!, spectrum[2 * k + 1]!);
      const mask = await runMask(magnitudes);
      // The phase stays: a mask on the magnitude is the same mask on both parts.
      for (let i = 0; i < 2 * BINS; i++) masked[i] = spectrum[i]! * mask[i >> 1]!;
      block.set(spectra.invert(masked));
      return spectra.overlapAdd(await runBlock(block));
    },
    close: () => undefined,
  };
}
