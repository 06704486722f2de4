// A step graph as ONNX Runtime runs it at its best for one stream: in this thread, one intra-op thread, states handed on as the
// tensors they came out as, nothing copied but the input. Not cell/onnx, which keeps states in arenas and the event loop free,
// and would make the other side of a comparison look dearer than it is.

import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { engineError } from '../../../base/errors.ts';

export interface StepGraph {
  /** `context`: rows of history in front of the new ones, 0 at first; default 0. */
  readonly input: {
    readonly name: string;
    readonly shape: readonly number[];
    readonly width: number;
    readonly context?: number;
  };
  readonly output: { readonly name: string; readonly width: number };
  /** They begin at 0. */
  readonly states: readonly { readonly in: string; readonly out: string; readonly shape: readonly number[] }[];
  /** int64 scalars. */
  readonly constants?: readonly { readonly name: string; readonly value: number }[];
}

export interface OnnxGraph {
  /** A stream: the new rows of x -> [width of the output]. What is returned holds until the next call. */
  start(): (x: Float32Array) => Promise<Float32Array>;
}

/** @throws ERR_ONNX_MODEL when the bytes are not the graph that is described */
export async function openGraph(onnx: Uint8Array, graph: StepGraph): Promise<OnnxGraph> {
  const runtime = await import('onnxruntime-node');
  const options = {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 3,
  } as const;
  try {
    const session = await runtime.InferenceSession.create(onnx, { ...options, executionProviders: ['cpu'] });
    const opened = { start: () => startStream(runtime.Tensor, session, graph) };
    const { shape, width, context = 0 } = graph.input;
    await opened.start()(new Float32Array(elements(shape) - context * width));
    return opened;
  } catch (cause) {
    throw engineError('ERR_ONNX_MODEL', 'the ONNX graph does not run as it is described', {
      expected: `a graph from ${graph.input.name} to ${graph.output.name} with states ${graph.states.map((state) => state.in).join(', ')}`,
      cause,
    });
  }
}

const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

function startStream(
  TensorType: typeof Tensor,
  session: InferenceSession,
  { input, output, states, constants = [] }: StepGraph,
): (x: Float32Array) => Promise<Float32Array> {
  const data = new Float32Array(elements(input.shape));
  const kept = (input.context ?? 0) * input.width;
  const feeds: Record<string, Tensor> = { [input.name]: new TensorType('float32', data, input.shape) };
  for (const { in: name, shape } of states) {
    feeds[name] = new TensorType('float32', new Float32Array(elements(shape)), shape);
  }
  for (const { name, value } of constants) feeds[name] = new TensorType('int64', BigInt64Array.of(BigInt(value)), []);
  const wanted = [output.name, ...states.map((state) => state.out)];
  return async (x) => {
    if (kept > 0) data.copyWithin(0, data.length - kept);
    data.set(x, kept);
    const results = await session.run(feeds, wanted);
    for (const state of states) feeds[state.in] = results[state.out] as Tensor;
    return results[output.name]!.data as Float32Array;
  };
}
