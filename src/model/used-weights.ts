// Weights that remember what was asked of them: a tensor of a checkpoint that no part of the model reads means that the
// config and the file do not belong together, and a model built all the same would give plausible, wrong rows.

import { engineError } from '../base/errors.ts';
import { cut } from '../weights/shown.ts';
import type { Tensor, Weights } from '../weights/tensor.ts';

export interface UsedWeights {
  /** The same tensors; `get` refuses one that holds NaN or Infinity (ERR_WEIGHTS_NOT_FINITE). */
  readonly weights: Weights;
  /** Elements of the tensors that were asked for. */
  parameters(): number;
  /** Names that nobody asked for. */
  unused(): string[];
}

export function usedWeights(all: Weights): UsedWeights {
  const used = new Set<string>();
  const get = (name: string): Tensor | undefined => {
    const found = all.get(name);
    if (found && !used.has(name)) {
      checkFinite(name, found.data);
      used.add(name);
    }
    return found;
  };
  const weights: Weights = {
    get,
    has: (name) => all.has(name),
    size: all.size,
    keys: () => all.keys(),
    values: () => all.values(),
    entries: () => all.entries(),
    forEach: (visit) => all.forEach(visit),
    [Symbol.iterator]: () => all[Symbol.iterator](),
  };
  return {
    weights,
    parameters: () => [...used].reduce((sum, name) => sum + all.get(name)!.data.length, 0),
    unused: () => [...all.keys()].filter((name) => !used.has(name)),
  };
}

function checkFinite(name: string, data: Float32Array): void {
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i]!)) {
      throw engineError('ERR_WEIGHTS_NOT_FINITE', `tensor ${cut(name)} holds ${data[i]} at element ${i}`, {
        expected: 'finite numbers',
      });
    }
  }
}
