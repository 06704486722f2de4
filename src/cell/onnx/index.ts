// The public door of the ONNX cell. Start at README.md, then cell.ts.

import { type OnnxCell, onnxCell } from './cell.ts';
import { sampleModel } from './sample.ts';

export type { Batching, OnnxLayout } from './batch.ts';
export { type OnnxCell, type OnnxOptions, onnxCell } from './cell.ts';
export type { OnnxManifest } from './manifest.ts';
export { sileroManifest } from './silero.ts';

/** A small random graph run by the real runtime: see sample.ts. */
export const sampleAsyncCell = (seed: number): Promise<OnnxCell> => onnxCell(sampleModel(seed));
