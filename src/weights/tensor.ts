// Parameters: immutable, loaded once per process, shared by every stream. Names are the upstream checkpoint's, verbatim.

import { engineError } from '../base/errors.ts';

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}
export type Weights = ReadonlyMap<string, Tensor>;

/** A model as opened from a folder: config.json, its tensors, and for bring-your-own-model the ONNX bytes. */
export interface Model {
  /** sha256 over config.json and the weight file, hex: the identity that a snapshot is bound to. */
  readonly id: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: Weights;
  readonly onnx?: Uint8Array;
}

/**
 * The tensor `name`, checked against `shape`.
 * @throws ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE naming the tensor, what was expected and what was found
 */
export function tensor(weights: Weights, name: string, shape: readonly number[]): Float32Array {
  const found = weights.get(name);
  if (!found) {
    throw engineError('ERR_WEIGHTS_MISSING', `tensor ${name} is not in the weight file`, {
      expected: `${name} with shape [${shape.join(', ')}]`,
    });
  }
  if (found.shape.length !== shape.length || found.shape.some((size, axis) => size !== shape[axis])) {
    throw engineError('ERR_WEIGHTS_SHAPE', `tensor ${name} has shape [${found.shape.join(', ')}]`, {
      expected: `[${shape.join(', ')}]`,
    });
  }
  return found.data;
}
