// A model's session in a worker thread, as a function that runs batches. Opens the graph when it is first needed, and again in
// another thread when that one has died. One batch at a time; the queue in front: shared-session.ts.

import { engineError } from '../../base/errors.ts';
import { type BatchAxes, batchAxes, makeSlab, type Slab } from './batch.ts';
import type { RunBatch } from './batching.ts';
import { checkGraph } from './check-graph.ts';
import type { OnnxManifest } from './manifest.ts';
import { openWorkerSession, type WorkerSession } from './worker-threads.ts';

export interface GraphSource {
  /** Of the model, for messages. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly threads: number;
}
export interface SessionLink {
  /** @throws ERR_ONNX_MODEL when the graph cannot be loaded, does not fit its manifest; ERR_ONNX_WORKER when the thread has died */
  readonly run: RunBatch;
  /** Whether every tensor has an axis for streams. Known after the first run. */
  readonly takesBatches: () => boolean;
  /** Between runs only. A later run opens it again. */
  readonly close: () => void;
}

export function linkSession(manifest: OnnxManifest, source: GraphSource): SessionLink {
  const slabs = new Map<number, Slab>();
  /** Batch sizes whose slab the thread has. */
  const sent = new Set<number>();
  let session: WorkerSession | undefined;
  let axes: BatchAxes | undefined;

  async function open(): Promise<WorkerSession> {
    const opened = openWorkerSession(source.threads);
    session = opened;
    const { failed, graph } = await opened.ask({ kind: 'open', bytes: new Uint8Array(source.bytes) }); // a copy: it moves
    if (!graph) {
      throw engineError('ERR_ONNX_MODEL', `the graph of model ${source.name} cannot be loaded: ${failed}`, {
        expected: 'an ONNX model that onnxruntime can run on the CPU',
      });
    }
    checkGraph(graph, manifest);
    axes = batchAxes(manifest, graph);
    return opened;
  }
  function close(): void {
    session?.close();
    session = undefined;
    sent.clear();
  }

  const run: RunBatch = async (rows, size) => {
    try {
      if (session?.alive() === false) close(); // it died while this model had no rows: they need not fail for it
      const opened = session ?? (await open());
      const slab = slabs.get(size) ?? makeSlab(manifest, axes, size);
      slabs.set(size, slab);
      slab.write(rows);
      const plan = sent.has(size) ? {} : { plan: slab.plan };
      const { failed } = await opened.ask({ kind: 'run', batch: size, ...plan });
      if (failed !== undefined) return failed;
      sent.add(size);
      for (const [place, row] of rows.entries()) slab.read(place, row);
      return undefined;
    } catch (thrown) {
      close();
      throw thrown;
    }
  };
  return { run, takesBatches: () => axes !== undefined, close };
}
