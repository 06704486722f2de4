// One model's session and the rows that wait for it. Rows of all streams that are ready when the session is free go as one
// batch: nobody waits for a batch to fill, a stream has one row in flight, and rows leave in the order they came. The queue is
// as long as there are streams at most. A thread that died fails the rows it had; those behind open the graph in another.

import { assert } from '../../base/assert.ts';
import { asEngineError, type EngineError, engineError } from '../../base/errors.ts';
import { makeState, type State } from '../state.ts';
import { type Batching, type Row, sizeFor } from './batch.ts';
import { ALONE, measureBatching, type RunBatch } from './batching.ts';
import { cellShape } from './cell-shape.ts';
import type { OnnxManifest } from './manifest.ts';
import { type GraphSource, linkSession, type SessionLink } from './session-link.ts';

export interface OnnxCounts {
  /** Rows that were run, and calls of the runtime. */
  readonly rows: number;
  readonly batches: number;
  /** Rows of the largest batch. */
  readonly largest: number;
}
export interface SharedSession {
  readonly batching: Batching;
  readonly counts: () => OnnxCounts;
  /**
   * Resolves when the row's y and state are written.
   * @throws ERR_ONNX_MODEL, and then both are as they were; ERR_INVARIANT for a second row of a stream
   */
  run(row: Row): Promise<void>;
  /** Ends the session once no row waits. */
  close(): void;
}

/** @throws ERR_ONNX_MODEL when the graph cannot be loaded, does not fit the manifest or fails on a row of zeros */
export async function openSharedSession(manifest: OnnxManifest, source: GraphSource): Promise<SharedSession> {
  const link = linkSession(manifest, source);
  try {
    const failed = await link.run([zeroRow(manifest)], 1);
    if (failed !== undefined) throw graphFailed(failed);
    const batching = link.takesBatches() ? await measureBatching(manifest, link.run) : ALONE;
    return queueOf(link, batching);
  } catch (thrown) {
    link.close();
    throw thrown;
  }
}

interface Waiting extends Row {
  readonly resolve: () => void;
  readonly reject: (error: EngineError) => void;
}

function queueOf(link: SessionLink, batching: Batching): SharedSession {
  const waiting: Waiting[] = [];
  const inFlight = new Set<State>();
  let [rows, batches, largest] = [0, 0, 0];
  let [working, closing] = [false, false];

  /** A batch that fails is run again row by row: a stream's input must not fail its neighbours. */
  async function runRows(batch: readonly Waiting[], size: number, run: RunBatch): Promise<void> {
    const settle = (row: Waiting, error?: EngineError): void => {
      inFlight.delete(row.state);
      if (error) row.reject(error);
      else row.resolve();
    };
    try {
      const failed = await run(batch, size);
      if (failed !== undefined && batch.length > 1) {
        for (const row of batch) await runRows([row], batching.unit, run);
        return;
      }
      batches++;
      rows += batch.length;
      largest = Math.max(largest, batch.length);
      for (const row of batch) settle(row, failed === undefined ? undefined : graphFailed(failed));
    } catch (thrown) {
      for (const row of batch) settle(row, asEngineError(thrown));
    }
  }
  async function work(): Promise<void> {
    working = true;
    await endOfTurn();
    while (waiting.length > 0) {
      const size = sizeFor(waiting.length, batching);
      await runRows(waiting.splice(0, size), size, link.run);
      await endOfTurn();
    }
    working = false;
    if (closing) link.close();
  }

  return {
    batching,
    counts: () => ({ rows, batches, largest }),
    run: (row) =>
      new Promise((resolve, reject) => {
        assert(!inFlight.has(row.state), 'a stream runs its rows one after the other');
        inFlight.add(row.state);
        waiting.push({ ...row, resolve, reject });
        if (!working) void work();
      }),
    close() {
      closing = true;
      if (!working) link.close();
    },
  };
}

/**
 * Streams whose row was just answered, and those whose input came in with it, have their next row ready by the end of this turn
 * of the event loop: it costs microseconds and keeps them in one batch.
 */
const endOfTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function zeroRow(manifest: OnnxManifest): Row {
  const { layout, dIn, dOut, init } = cellShape(manifest);
  const state = makeState(layout);
  init(state);
  return { state, x: new Float32Array(dIn), y: new Float32Array(dOut) };
}

const graphFailed = (reason: string): EngineError => engineError('ERR_ONNX_MODEL', `the graph failed: ${reason}`);
