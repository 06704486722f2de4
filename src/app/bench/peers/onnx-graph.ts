// A step graph of another project, run through cell/onnx: one ONNX Runtime session, one thread, state in the stream's arena.

import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type OnnxLayout, type OnnxManifest, onnxCell } from '../../../cell/onnx/index.ts';
import { makeState, stateBytes } from '../../../cell/state.ts';
import { modelFromBytes } from '../../../weights/model-from-bytes.ts';

export interface OnnxGraph {
  readonly stateBytes: number;
  /** A stream: x [dIn] -> [dOut]. What is returned holds until the next call. */
  start(): (x: Float32Array) => Promise<Float32Array>;
}

/** How a graph is driven; `constants` when it wants some. */
export type StepGraph = Pick<OnnxManifest, 'input' | 'output' | 'states'> & Partial<Pick<OnnxManifest, 'constants'>>;

/** @throws ERR_ONNX_MODEL when the file is not the graph that the manifest describes */
export async function openGraph(file: string, manifest: StepGraph): Promise<OnnxGraph> {
  const onnx = { ...manifest, file: basename(file) };
  const config = new TextEncoder().encode(JSON.stringify({ model_type: 'onnx', onnx }));
  const cell = await onnxCell(modelFromBytes({ name: basename(file), config, onnx: await readFile(file) }));
  return {
    stateBytes: stateBytes(cell.layout),
    start() {
      const state = makeState<OnnxLayout>(cell.layout);
      cell.init(state);
      const y = new Float32Array(cell.dOut);
      return async (x) => {
        await cell.run(state, x, y);
        return y;
      };
    },
  };
}
