// The slow twin of cell.ts: layer by layer over a whole sequence, in float64, straight from the equations. Mixers come as
// functions over sequences (the naive twins of their kinds), so nothing here knows a state. For tests only.

import { sigmoid, silu } from '../../base/math.ts';
import type { StackParts } from './params.ts';

/** A mixer over a whole sequence from its start state: [rows, dModel] -> [rows, dModel]. */
export type NaiveMixer = (x: Float64Array, rows: number) => Float64Array;

/** u [rows, dIn] from the start state -> y [rows, dOut]. `mixers` are the twins of `parts.blocks[i].mixer`. */
export function naiveStack(
  parts: StackParts,
  mixers: readonly NaiveMixer[],
  u: ArrayLike<number>,
  rows: number,
): Float64Array {
  const { eps, blocks, embed, finalNorm, head } = parts;
  const dIn = embed?.dIn ?? parts.dModel;
  const linear = (w: Float32Array, x: number[], m: number): number[] =>
    times(m, (i) => x.reduce((sum, value, j) => sum + w[i * x.length + j]! * value, 0));
  const norm = (x: number[], weight: Float32Array): number[] => {
    const rms = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length + eps);
    return x.map((value, i) => (value / rms) * weight[i]!);
  };
  const plus = (a: number[], b: ArrayLike<number>): number[] => a.map((value, i) => value + b[i]!);

  let x = times(rows, (t) => times(dIn, (i) => u[t * dIn + i]!));
  if (embed) x = x.map((row) => plus(linear(embed.weight, row, embed.dOut), embed.bias));
  for (const [layer, block] of blocks.entries()) {
    const normed = Float64Array.from(x.flatMap((row) => norm(row, block.norm)));
    const mixed = mixers[layer]!(normed, rows);
    x = x.map((row, t) => plus(row, mixed.subarray(t * row.length, (t + 1) * row.length)));
    const { mlp } = block;
    if (!mlp) continue;
    x = x.map((row) => {
      const input = norm(row, mlp.norm);
      const raised = linear(mlp.up, input, mlp.dHidden);
      const gated = linear(mlp.gate, input, mlp.dHidden).map((value, i) => silu(value) * raised[i]!);
      return plus(row, linear(mlp.down, gated, row.length));
    });
  }
  if (finalNorm) x = x.map((row) => norm(row, finalNorm));
  if (head) x = x.map((row) => plus(linear(head.weight, row, head.dOut), head.bias));
  return Float64Array.from(x.flat(), (value) => (parts.activation === 'sigmoid' ? sigmoid(value) : value));
}

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
