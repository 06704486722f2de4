// The part of a cell that follows from the manifest alone: widths, layout of the state, reach, start state.

import type { AsyncCell } from '../cell.ts';
import { f32 } from '../state.ts';
import type { OnnxLayout } from './batch.ts';
import type { OnnxManifest } from './manifest.ts';

export function cellShape({ input, output, states }: OnnxManifest): Omit<AsyncCell<OnnxLayout>, 'run'> {
  return {
    kind: 'onnx',
    dIn: input.rows * input.width,
    dOut: output.width,
    layout: {
      ...(input.context > 0 && { context: f32(input.context, input.width) }),
      ...Object.fromEntries(states.map((state) => [`state.${state.in}`, f32(...state.shape)])),
    },
    contextRows: states.length > 0 ? Infinity : 1 + Math.ceil(input.context / input.rows),
    init({ at }) {
      for (const view of Object.values(at)) view.fill(0);
    },
  };
}
