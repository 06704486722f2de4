// Which batches give the bytes that a stream gives alone? A matrix product in a batch rounds as it does alone, but an op over
// a flat array may treat its last elements differently (ONNX Runtime's Softplus takes four at a time and the rest one by one),
// and then a stream's bytes would depend on how many others are ready. So it is measured, once per model, with fixed noise:
// every batch size that will be used, every place in it, other neighbours each time. The verdict is the same in every process
// on the machine. Decision and figures: docs/adr/0012-onnx-in-workers.md.

import { seededRandom } from '../seeded-random.ts';
import { makeState } from '../state.ts';
import { type Batching, batchSizes, type Row } from './batch.ts';
import { cellShape } from './cell-shape.ts';
import type { OnnxManifest } from './manifest.ts';

/**
 * Runs rows of different streams as one batch of `size`; places without a row hold zeros. Resolves with what the runtime said
 * when the graph failed; then no row has changed.
 */
export type RunBatch = (rows: readonly Row[], size: number) => Promise<string | undefined>;

export const ALONE: Batching = { unit: 1, max: 1 };
/** A row alone in a batch of 8 costs Silero and the twins about four times a batch of 1: beyond, batches would not pay. */
const UNITS = [1, 2, 4, 8];
/**
 * Sixteen streams of four rows, each of them once at every place of every size: 64 rows a place. Softplus rounds three values in
 * ten differently at the end of a batch, so one missed tail has odds of 1 to 10^9; Silero takes 0.3 s for it, in the thread.
 */
const STREAMS = 16;
const ROWS = 4;
const LOUDNESS = [0.0625, 0.125, 0.25, 0.5, 1, 2, 4, 8];

/**
 * The smallest unit whose multiples all agree to the bit: 1 when batches equal rows alone; else rows are padded to the unit,
 * a row alone too. `max` is the manifest's. ALONE when none agree, or when the graph cannot take batches or noise.
 */
export async function measureBatching(manifest: OnnxManifest, run: RunBatch): Promise<Batching> {
  for (const unit of UNITS.filter((size) => size <= manifest.batch)) {
    const batching = { unit, max: manifest.batch };
    if (await agrees(manifest, batching, run)) return batching;
  }
  return ALONE;
}

async function agrees(manifest: OnnxManifest, batching: Batching, run: RunBatch): Promise<boolean> {
  const alone: Uint8Array[] = [];
  for (let stream = 0; stream < STREAMS; stream++) {
    const played = await play(manifest, [stream], batching.unit, run);
    if (!played) return false;
    alone.push(...played);
  }
  for (const size of batchSizes(batching)) {
    for (let turn = 0; turn < STREAMS; turn++) {
      const streams = Array.from({ length: size }, (_, place) => (place * 3 + turn) % STREAMS);
      const together = await play(manifest, streams, size, run);
      if (!together?.every((bytes, place) => sameBytes(bytes, alone[streams[place]!]!))) return false;
    }
  }
  return true;
}

/** All y and the last state of each stream, after ROWS rows side by side. Undefined when the graph failed. */
async function play(
  manifest: OnnxManifest,
  streams: readonly number[],
  size: number,
  run: RunBatch,
): Promise<Uint8Array[] | undefined> {
  const { layout, dIn, dOut, init } = cellShape(manifest);
  const played = streams.map((stream) => {
    const state = makeState(layout);
    init(state);
    return {
      state,
      random: seededRandom(stream + 1),
      loudness: LOUDNESS[stream % LOUDNESS.length]!,
      ys: new Float32Array(ROWS * dOut),
    };
  });
  for (let t = 0; t < ROWS; t++) {
    const rows = played.map(({ state, random, loudness, ys }): Row => {
      const x = Float32Array.from({ length: dIn }, () => loudness * random());
      return { state, x, y: ys.subarray(t * dOut, (t + 1) * dOut) };
    });
    if ((await run(rows, size)) !== undefined) return undefined;
  }
  return played.map(({ state, ys }) => {
    const bytes = new Uint8Array(ys.byteLength + state.bytes.length);
    bytes.set(new Uint8Array(ys.buffer));
    bytes.set(state.bytes, ys.byteLength);
    return bytes;
  });
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.every((byte, i) => byte === b[i]);
