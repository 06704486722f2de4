// The ONNX cell: a step graph with explicit state tensors, run by ONNX Runtime on the CPU. Bring your own model.
//   (y, state') = graph(context ++ x, state, constants)
// The state tensors and the rows of context are float32 slots of the stream's State, so a snapshot holds all of it.
// One session per cell serves every stream, on one thread: the same input gives the same bytes on the same machine and
// runtime, but not across machines (unlike the plain cells). No `skip`: behind a gap a stream starts anew.

import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { engineError } from '../../base/errors.ts';
import type { Model } from '../../weights/tensor.ts';
import type { AsyncCell } from '../cell.ts';
import { f32, makeState, type Slot, type State } from '../state.ts';
import { checkGraph } from './check-graph.ts';
import { elements, type OnnxManifest, parseManifest } from './manifest.ts';

/** `context` [context rows, width] when the graph wants history; `state.<input name>` for each state tensor. All float32. */
export type OnnxLayout = Readonly<Record<string, Slot & { readonly dtype: 'f32' }>>;
type Runtime = typeof import('onnxruntime-node');

/**
 * A cell over `model.onnx` as its config.json describes it. One zero row is run first, so what does not fit is found here.
 * @throws ERR_WEIGHTS_MISSING without ONNX bytes, ERR_CONFIG_INVALID for the manifest, ERR_ONNX_MODEL for the graph
 */
export async function onnxCell(model: Model): Promise<AsyncCell<OnnxLayout>> {
  const manifest = parseManifest(model);
  if (!model.onnx) {
    throw engineError('ERR_WEIGHTS_MISSING', `model ${model.name} has no ONNX file`, {
      expected: 'onnx.file beside it',
    });
  }
  // Loaded here, not at the top: the native library is 20 MB that a server without ONNX models never needs.
  const runtime = await import('onnxruntime-node');
  const session = await openSession(runtime, model.name, model.onnx);
  checkGraph(session, manifest);
  const cell = makeCell(runtime, session, manifest);
  const state = makeState(cell.layout);
  cell.init(state);
  await cell.run(state, new Float32Array(cell.dIn), new Float32Array(cell.dOut));
  return cell;
}

async function openSession({ InferenceSession }: Runtime, name: string, bytes: Uint8Array): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(bytes, {
      executionProviders: ['cpu'],
      // One thread: streams share the machine, and a sum split over threads could round differently.
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      logSeverityLevel: 3,
    });
  } catch (cause) {
    throw engineError('ERR_ONNX_MODEL', `the graph of model ${name} cannot be loaded: ${reason(cause)}`, {
      expected: 'an ONNX model that onnxruntime can run on the CPU',
      cause,
    });
  }
}

function makeCell({ Tensor }: Runtime, session: InferenceSession, manifest: OnnxManifest): AsyncCell<OnnxLayout> {
  const { input, output, states, constants } = manifest;
  const inputSize = elements(input.shape);
  const contextSize = input.context * input.width;
  const outputs = [output.name, ...states.map((state) => state.out)];
  const constantFeeds = Object.fromEntries(
    constants.map(({ name, dtype, value, shape }) => {
      const count = elements(shape);
      const tensor =
        dtype === 'int64'
          ? new Tensor('int64', new BigInt64Array(count).fill(BigInt(value)), shape)
          : new Tensor('float32', new Float32Array(count).fill(value), shape);
      return [name, tensor];
    }),
  );

  /** x [dIn] -> y [dOut]. The state changes when the run has succeeded, or not at all. */
  async function run({ at }: State<OnnxLayout>, x: Float32Array, y: Float32Array): Promise<void> {
    // Allocated per run: the runtime reads it later, when other streams may be starting theirs.
    const data = new Float32Array(inputSize);
    if (contextSize > 0) data.set(at.context!);
    data.set(x, contextSize);
    const feeds: Record<string, Tensor> = { ...constantFeeds, [input.name]: new Tensor('float32', data, input.shape) };
    for (const state of states) feeds[state.in] = new Tensor('float32', at[`state.${state.in}`]!, state.shape);
    const results = await session.run(feeds, outputs).catch((cause: unknown) => {
      throw engineError('ERR_ONNX_MODEL', `the graph failed: ${reason(cause)}`, { cause });
    });
    const row = values(results, output.name, output.width);
    const next = states.map((state) => values(results, state.out, elements(state.shape)));
    y.set(row);
    for (const [i, state] of states.entries()) at[`state.${state.in}`]!.set(next[i]!);
    if (contextSize > 0) at.context!.set(data.subarray(inputSize - contextSize));
  }

  return {
    kind: 'onnx',
    dIn: input.rows * input.width,
    dOut: output.width,
    layout: {
      ...(contextSize > 0 && { context: f32(input.context, input.width) }),
      ...Object.fromEntries(states.map((state) => [`state.${state.in}`, f32(...state.shape)])),
    },
    contextRows: states.length > 0 ? Infinity : 1 + Math.ceil(input.context / input.rows),
    init({ at }) {
      for (const view of Object.values(at)) view.fill(0);
    },
    run,
  };
}

/** The float32 values of an output. @throws ERR_ONNX_MODEL when a dynamic axis came out in another size */
function values(results: InferenceSession.ReturnType, name: string, size: number): Float32Array {
  const { data, dims } = results[name] as Tensor;
  if (data instanceof Float32Array && data.length === size) return data;
  throw engineError('ERR_ONNX_MODEL', `output ${name} came out as [${dims.join(', ')}]`, {
    expected: `${size} float32 elements`,
  });
}

const reason = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
