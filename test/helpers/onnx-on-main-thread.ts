// The graph of an ONNX cell one row at a time on the calling thread, as simply as can be: what the worker threads' answers are
// held against.

import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { AsyncCell } from '../../src/cell/cell.ts';
import type { OnnxLayout } from '../../src/cell/onnx/batch.ts';
import { cellShape } from '../../src/cell/onnx/cell-shape.ts';
import { elements, parseManifest } from '../../src/cell/onnx/manifest.ts';
import type { State } from '../../src/cell/state.ts';
import type { Model } from '../../src/weights/tensor.ts';

export async function onnxOnMainThread(model: Model): Promise<AsyncCell<OnnxLayout>> {
  const manifest = parseManifest(model);
  const { input, output, states, constants } = manifest;
  const session = await InferenceSession.create(model.onnx!, {
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
