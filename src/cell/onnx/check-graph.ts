// Compares a loaded graph with its manifest: every input fed, every needed output there, types and sizes as declared.
// What the graph leaves open (a dynamic axis) is found by the first run in shared-session.ts, before any stream comes.

import type { InferenceSession } from 'onnxruntime-node';
import { engineError } from '../../base/errors.ts';
import { elements, type OnnxManifest } from './manifest.ts';
import type { GraphMetadata } from './worker-main.ts';

interface Declared {
  readonly name: string;
  readonly dtype: 'int64' | 'float32';
  /** Absent: only the number of elements is declared. */
  readonly shape?: readonly number[];
  readonly size?: number;
}

/** @throws ERR_ONNX_MODEL naming the tensor, what the manifest declares and what the graph has */
export function checkGraph(session: GraphMetadata, manifest: OnnxManifest): void {
  const { input, output, states, constants } = manifest;
  const inputs: Declared[] = [
    { name: input.name, dtype: 'float32', shape: input.shape },
    ...states.map((state): Declared => ({ name: state.in, dtype: 'float32', shape: state.shape })),
    ...constants,
  ];
  const outputs: Declared[] = [
    { name: output.name, dtype: 'float32', size: output.width },
    ...states.map((state): Declared => ({ name: state.out, dtype: 'float32', shape: state.shape })),
  ];
  compare('input', session.inputMetadata, inputs);
  compare('output', session.outputMetadata, outputs);
  const fed = new Set(inputs.map(({ name }) => name));
  const open = session.inputNames.find((name) => !fed.has(name));
  if (open !== undefined) {
    throw engineError('ERR_ONNX_MODEL', `the graph has an input ${open} that the manifest does not mention`, {
      expected: 'every input as onnx.input, one of onnx.states or one of onnx.constants',
    });
  }
}

function compare(what: string, found: readonly InferenceSession.ValueMetadata[], declared: readonly Declared[]): void {
  for (const tensor of declared) {
    const meta = found.find(({ name }) => name === tensor.name);
    if (!meta) {
      const names = found.map(({ name }) => name).join(', ');
      throw engineError('ERR_ONNX_MODEL', `the graph has no ${what} ${tensor.name}`, { expected: `one of: ${names}` });
    }
    if (!meta.isTensor || meta.type !== tensor.dtype || !fits(meta.shape, tensor)) {
      const has = meta.isTensor ? `${meta.type} [${meta.shape.map((size) => size || '?').join(', ')}]` : 'not a tensor';
      throw engineError('ERR_ONNX_MODEL', `${what} ${tensor.name} of the graph is ${has}`, {
        expected: `${tensor.dtype} ${tensor.shape ? `[${tensor.shape.join(', ')}]` : `of ${tensor.size} elements`}`,
      });
    }
  }
}

/** Axes that are words in the graph take any size. */
function fits(shape: readonly (number | string)[], { shape: wanted, size }: Declared): boolean {
  if (wanted) return shape.length === wanted.length && shape.every((n, i) => typeof n === 'string' || n === wanted[i]);
  const fixed = shape.filter((n) => typeof n === 'number');
  return fixed.length === shape.length ? elements(fixed) === size : size! % elements(fixed) === 0;
}
