// The engines by name, ONNX Runtime included: our models are exported in memory and run as graphs in a worker thread, beside
// our own kernels, for whoever wants to compare or has many streams and cores to spare.

import type { onnxCell } from '../cell/onnx/index.ts';
import { ENGINES, type Engine, loadEngine } from '../pipeline/engine.ts';
import type { Model } from '../weights/tensor.ts';
import { usage } from './usage.ts';

export const ENGINE_NAMES = [...ENGINES, 'onnx'] as const;
export const ENGINE_HELP = `what does the arithmetic: ${ENGINE_NAMES.join(', ')}`;

/** Bits hold on one machine and runtime only. */
const ONNX: Engine = { name: 'onnx', numerics: 'onnxruntime-cpu-1', openCell };

/** @throws ERR_USAGE for an unknown name, ERR_ENGINE_UNAVAILABLE where this JavaScript engine lacks what it needs */
export async function openEngine(name: string = ENGINES[0]): Promise<Engine> {
  if (name === 'onnx') return ONNX;
  if (!ENGINES.some((known) => known === name)) throw usage(`there is no engine "${name}"`, ENGINE_NAMES.join(', '));
  return loadEngine(name);
}

async function openCell(model: Model): ReturnType<typeof onnxCell> {
  // ONNX Runtime is loaded by whoever asks for it.
  const [cell, { exportOnnx }, { modelFromBytes }] = await Promise.all([
    import('../cell/onnx/index.ts'),
    import('../model/export/export-onnx.ts'),
    import('../weights/model-from-bytes.ts'),
  ]);
  const { onnx, config } = exportOnnx(model);
  return cell.onnxCell(
    modelFromBytes({
      name: model.name,
      config: new TextEncoder().encode(JSON.stringify(config)),
      onnx: Buffer.from(onnx),
    }),
  );
}
