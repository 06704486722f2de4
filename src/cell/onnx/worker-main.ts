// What runs inside the worker thread: ONNX sessions, and batches from shared memory. No batching policy here: shared-session.ts.
// A thread is started from the text of these functions (worker-threads.ts): Node 20 loads a compiled module into a thread
// but no TypeScript one, and tests run the sources. So they may use their arguments, globals and each other, no import but
// of types. The compiler checks them like the rest.

import type { MessagePort } from 'node:worker_threads';
import type { InferenceSession, Tensor } from 'onnxruntime-node';

export type Runtime = Pick<typeof import('onnxruntime-node'), 'InferenceSession' | 'Tensor'>;

/** A float32 tensor at `offset` bytes of a slab. */
export interface SlabTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly offset: number;
  readonly length: number;
}
export interface ConstantTensor {
  readonly name: string;
  readonly dtype: 'int64' | 'float32';
  readonly value: number;
  readonly shape: readonly number[];
}
/** Where a batch of one size lies in shared memory. */
export interface BatchPlan {
  readonly slab: SharedArrayBuffer;
  readonly feeds: readonly SlabTensor[];
  readonly fetches: readonly SlabTensor[];
  readonly constants: readonly ConstantTensor[];
}
/** `run` without `plan` uses the one of this size that was sent before. One request of a session at a time. */
export type WorkerRequest =
  | { readonly kind: 'open'; readonly session: number; readonly bytes: Uint8Array }
  | { readonly kind: 'run'; readonly session: number; readonly batch: number; readonly plan?: BatchPlan }
  | { readonly kind: 'close'; readonly session: number };
export type GraphMetadata = Pick<InferenceSession, 'inputNames' | 'outputNames' | 'inputMetadata' | 'outputMetadata'>;
/** `failed`: what the runtime said. `graph` answers `open`. */
export interface WorkerAnswer {
  readonly session: number;
  readonly failed?: string;
  readonly graph?: GraphMetadata;
}

/** A plan as the runtime wants it. */
interface Bound {
  readonly inputs: readonly { readonly own: Float32Array; readonly shared: Float32Array }[];
  readonly feeds: Record<string, Tensor>;
  readonly outputs: readonly { readonly name: string; readonly shared: Float32Array }[];
}
interface Session {
  readonly graph: InferenceSession;
  /** By batch size. */
  readonly plans: Map<number, Bound>;
}

/** The text to start a thread from. `require(workerData.runtime)` is onnxruntime-node, a CommonJS package. */
export const workerText = (): string => `'use strict';
const { parentPort, workerData } = require('node:worker_threads');
${openGraph}
${bindPlan}
${runPlan}
${serveSessions}
serveSessions(parentPort, require(workerData.runtime), workerData.guard);
`;

function openGraph({ InferenceSession }: Runtime, bytes: Uint8Array): Promise<InferenceSession> {
  return InferenceSession.create(bytes, {
    executionProviders: ['cpu'],
    // One thread: streams share the machine, and a sum split over threads could round differently.
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 4, // errors come back as answers, not on stderr as well
  });
}

/** The runtime refuses tensors over shared memory, so a batch is copied once more here: whole tensors, not rows. */
function bindPlan({ Tensor }: Runtime, { slab, feeds, fetches, constants }: BatchPlan): Bound {
  const inputs = feeds.map(({ offset, length }) => ({
    own: new Float32Array(length),
    shared: new Float32Array(slab, offset, length),
  }));
  const tensors: Record<string, Tensor> = {};
  for (const [i, { name, dims }] of feeds.entries()) tensors[name] = new Tensor('float32', inputs[i]!.own, dims);
  for (const { name, dtype, value, shape } of constants) {
    const count = shape.reduce((product, size) => product * size, 1);
    tensors[name] =
      dtype === 'int64'
        ? new Tensor('int64', new BigInt64Array(count).fill(BigInt(value)), shape)
        : new Tensor('float32', new Float32Array(count).fill(value), shape);
  }
  const outputs = fetches.map(({ name, offset, length }) => ({ name, shared: new Float32Array(slab, offset, length) }));
  return { inputs, feeds: tensors, outputs };
}

async function runPlan(graph: InferenceSession, { inputs, feeds, outputs }: Bound): Promise<void> {
  for (const { own, shared } of inputs) own.set(shared);
  const names = outputs.map(({ name }) => name);
  const results = await graph.run(feeds, names);
  for (const { name, shared } of outputs) {
    const { data, dims } = results[name]!;
    if (!(data instanceof Float32Array) || data.length !== shared.length) {
      throw new Error(`output ${name} came out as [${dims.join(', ')}], not as ${shared.length} float32 elements`);
    }
    shared.set(data);
  }
}

/** guard[0] counts native calls under way; once guard[1] is set no further one begins. Why: worker-threads.ts. */
function serveSessions(port: MessagePort, runtime: Runtime, guard: Int32Array): void {
  const sessions = new Map<number, Session>();

  async function answer(request: WorkerRequest): Promise<WorkerAnswer> {
    const { session } = request;
    if (request.kind === 'open') {
      const graph = await openGraph(runtime, request.bytes);
      sessions.set(session, { graph, plans: new Map() });
      const { inputNames, outputNames, inputMetadata, outputMetadata } = graph;
      return { session, graph: { inputNames, outputNames, inputMetadata, outputMetadata } };
    }
    const { graph, plans } = sessions.get(session)!;
    if (request.kind === 'close') {
      sessions.delete(session);
      await graph.release();
      return { session };
    }
    if (request.plan) plans.set(request.batch, bindPlan(runtime, request.plan));
    await runPlan(graph, plans.get(request.batch)!);
    return { session };
  }

  port.on('message', async (request: WorkerRequest | 'end') => {
    if (request === 'end') return port.close();
    Atomics.add(guard, 0, 1);
    const stopped = Atomics.load(guard, 1) === 1;
    const failed = (thrown: unknown): WorkerAnswer => ({
      session: request.session,
      failed: thrown instanceof Error ? thrown.message : String(thrown),
    });
    const answered = stopped ? undefined : await answer(request).catch(failed);
    Atomics.sub(guard, 0, 1);
    Atomics.notify(guard, 0);
    if (answered) port.postMessage(answered);
  });
}
