// A gate of the RG-LRU: a block-diagonal linear layer and a sigmoid. Each head sees its own channels only, so the layer
// has lru^2 / heads weights. Weights are stored [in, out] per block (x W, not W x), as upstream stores them.

import { sigmoid } from '../../base/math.ts';

/**
 * gate = sigmoid(x W + bias), block by block.
 * @param x    [heads, width] f32   @param w [heads, width in, width out] f32   @param bias [heads, width] f32
 * @param gate [heads, width] f64 - written
 * Cost: heads * width^2 multiply-adds and heads * width exp. Allocates nothing. f64 throughout.
 */
export function rgLruGate(w: Float32Array, x: Float32Array, bias: Float32Array, gate: Float64Array, heads: number) {
  const width = x.length / heads;
  for (let first = 0; first < x.length; first += width) {
    for (let o = 0; o < width; o++) gate[first + o] = bias[first + o]!;
    for (let i = 0; i < width; i++) {
      const row = (first + i) * width;
      const value = x[first + i]!;
      for (let o = 0; o < width; o++) gate[first + o] = gate[first + o]! + value * w[row + o]!;
    }
  }
  for (let i = 0; i < gate.length; i++) gate[i] = sigmoid(gate[i]!);
}
