// The ONNX cell: a step graph with explicit state tensors, run by ONNX Runtime on the CPU. Bring your own model.
//   (y, state') = graph(context ++ x, state, constants)
// The state tensors and the rows of context are float32 slots of the stream's State, so a snapshot holds all of it.
// The graph runs in a worker thread, in one session for all streams of the model, and the event loop stays free: next,
// shared-session.ts. A stream's bytes do not depend on how many others are ready (batching.ts): the same input gives the same
// bytes on the same machine and runtime, but not across machines (unlike the plain cells). No `skip`: behind a gap a stream
// starts anew.

import { createHash } from 'node:crypto';
import { assert } from '../../base/assert.ts';
import { engineError } from '../../base/errors.ts';
import type { Model } from '../../weights/tensor.ts';
import type { AsyncCell } from '../cell.ts';
import type { Batching, OnnxLayout } from './batch.ts';
import { cellShape } from './cell-shape.ts';
import { parseManifest } from './manifest.ts';
import { type OnnxCounts, openSharedSession, type SharedSession } from './shared-session.ts';
import { THREADS_DEFAULT, THREADS_MAX } from './worker-threads.ts';

export interface OnnxOptions {
  /**
   * Worker threads that the process may have when this model is opened, 1 to 16, default 1. A model lives in one of them: more
   * than one helps several models, not several streams.
   */
  readonly threads?: number;
}
export interface OnnxCell extends AsyncCell<OnnxLayout> {
  /** Batch sizes, as measured: unit 1 is as alone, a larger one pads; max 1 runs every row alone. */
  readonly batching: Batching;
  /** Since the model was opened, all its streams together. */
  readonly counts: () => OnnxCounts;
}
interface Entry {
  readonly opening: Promise<SharedSession>;
  cells: number;
}

/** By graph and manifest: cells of one model share one session. It goes when the last cell has been collected. */
const entries = new Map<string, Entry>();
const collected = new FinalizationRegistry(leave);

/**
 * A cell over `model.onnx` as its config.json describes it. One zero row is run first, so what does not fit is found here; then
 * noise, to see which batches round alike. `run`: x is read until the promise settles; a stream's rows come one after another.
 * @throws ERR_WEIGHTS_MISSING without ONNX bytes, ERR_CONFIG_INVALID for manifest or option, ERR_ONNX_MODEL for the graph
 */
export async function onnxCell(model: Model, { threads = THREADS_DEFAULT }: OnnxOptions = {}): Promise<OnnxCell> {
  const manifest = parseManifest(model);
  const { name, onnx: bytes } = model;
  if (!bytes) {
    throw engineError('ERR_WEIGHTS_MISSING', `model ${name} has no ONNX file`, { expected: 'onnx.file beside it' });
  }
  if (!Number.isInteger(threads) || threads < 1 || threads > THREADS_MAX) {
    const expected = `a whole number from 1 to ${THREADS_MAX}`;
    throw engineError('ERR_CONFIG_INVALID', `threads is ${threads}`, { expected });
  }
  const key = createHash('sha256').update(bytes).update(JSON.stringify(manifest)).digest('hex');
  const entry = entries.get(key) ?? { opening: openSharedSession(manifest, { name, bytes, threads }), cells: 0 };
  entries.set(key, entry);
  entry.cells++;
  const session = await entry.opening.catch((thrown: unknown) => {
    leave(key);
    throw thrown;
  });
  const shape = cellShape(manifest);
  const cell: OnnxCell = {
    ...shape,
    batching: session.batching,
    counts: session.counts,
    async run(state, x, y) {
      assert(x.length === shape.dIn && y.length === shape.dOut, 'a row of another width than the cell');
      await session.run({ state, x, y });
    },
  };
  collected.register(cell, key);
  return cell;
}

function leave(key: string): void {
  const entry = entries.get(key);
  if (!entry || --entry.cells > 0) return;
  entries.delete(key);
  entry.opening.then(
    (session) => session.close(),
    () => undefined, // it never opened
  );
}
