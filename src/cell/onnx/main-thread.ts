// The same graph, one row at a time on the calling thread: what the worker threads are compared with, in tests and in
// `millrace bench onnx`. Not for servers: the runtime computes inside `run`, and nothing else happens meanwhile.

import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Model } from '../../weights/tensor.ts';
import type { AsyncCell } from '../cell.ts';
import type { State } from '../state.ts';
import type { OnnxLayout } from './batch.ts';
import { cellShape } from './cell-shape.ts';
import { elements, parseManifest } from './manifest.ts';

/** @throws ERR_CONFIG_INVALID for the manifest, and whatever the runtime throws */
export async function onnxOnMainThread(model: Model): Promise<AsyncCell<OnnxLayout>> {
  const manifest = parseManifest(model);
  const { input, output, states, constants } = manifest;
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const session: InferenceSession = await InferenceSession.create(model.onnx!, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
  });
  const fixed: Record<string, Tensor> = {};
  for (const { name, dtype, value, shape } of constants) {
    const count = elements(shape);
    fixed[name] =
      dtype === 'int64'
        ? new Tensor('int64', new BigInt64Array(count).fill(BigInt(value)), shape)
        : new Tensor('float32', new Float32Array(count).fill(value), shape);
  }
  const contextSize = input.context * input.width;
  return {
    ...cellShape(manifest),
    async run({ at }: State<OnnxLayout>, x: Float32Array, y: Float32Array): Promise<void> {
      const data = new Float32Array(elements(input.shape));
      if (contextSize > 0) data.set(at.context!);
      data.set(x, contextSize);
      const feeds: Record<string, Tensor> = { ...fixed, [input.name]: new Tensor('float32', data, input.shape) };
      for (const state of states) feeds[state.in] = new Tensor('float32', at[`state.${state.in}`]!, state.shape);
      const results = await session.run(feeds);
      y.set(results[output.name]!.data as Float32Array);
      for (const state of states) at[`state.${state.in}`]!.set(results[state.out]!.data as Float32Array);
      if (contextSize > 0) at.context!.set(data.subarray(-contextSize));
    },
  };
}
