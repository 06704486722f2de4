// Opens the golden vectors of test/golden/<name>/, written by pinned upstream code, and compares with
// them. Tensors keep their names; values are widened to float64 for comparing, float32 for feeding.

import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Cell } from '../../src/cell/cell.ts';
import { makeState } from '../../src/cell/state.ts';
import { parseSafetensors } from '../../src/weights/safetensors.ts';
import type { Tensor, Weights } from '../../src/weights/tensor.ts';

const open = (name: string, file: string) =>
  parseSafetensors(readFileSync(new URL(`../golden/${name}/${file}.safetensors`, import.meta.url)));

/** The tensors of golden.safetensors as `at(name)`: values in file order, float64. */
export function readGolden(name: string): (tensor: string) => Float64Array {
  const tensors = open(name, 'golden');
  return (tensor) => {
    const found = tensors.get(tensor);
    if (!found) throw new Error(`no ${tensor} in the golden file of ${name}`);
    return Float64Array.from(found.data as ArrayLike<number>);
  };
}

/** model.safetensors as weights; every tensor must be float32. */
export function readGoldenWeights(name: string): Weights {
  const weights = new Map<string, Tensor>();
  for (const [key, { shape, data }] of open(name, 'model')) {
    if (!(data instanceof Float32Array)) throw new Error(`${key} is not float32`);
    weights.set(key, { shape, data });
  }
  return weights;
}

/** x [streams * rows, dIn] -> y [streams * rows, dOut]: every stream from the start state, in one scan. */
export function scanStreams(cell: Cell, x: ArrayLike<number>, rows: number): Float32Array {
  const { dIn, dOut } = cell;
  const input = Float32Array.from(x);
  const output = new Float32Array((input.length / dIn) * dOut);
  for (let from = 0; from * dIn < input.length; from += rows) {
    const state = makeState(cell.layout);
    cell.init(state);
    const y = output.subarray(from * dOut, (from + rows) * dOut);
    cell.scan!(state, input.subarray(from * dIn, (from + rows) * dIn), y, rows);
  }
  return output;
}

/** max|a - b| / max|b|. Infinity when lengths differ, NaN when a value is NaN. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let scale = 0;
  let worst = 0;
  for (let i = 0; i < b.length; i++) {
    const error = Math.abs(a[i]! - b[i]!);
    scale = Math.max(scale, Math.abs(b[i]!));
    if (!(error <= worst)) worst = error;
  }
  return worst === 0 ? 0 : worst / scale;
}

/** Float32 parity: within 1e-5 of the largest expected value. */
export function expectParity(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(relativeError(actual, expected)).toBeLessThanOrEqual(1e-5);
}
