// The slow twin of cell.ts: layer by layer over a whole sequence, in float64, straight from the equations. Mixers come as
// functions over sequences (the naive twins of their kinds), so nothing here knows a state. For tests only.

import { sigmoid, silu, tanh } from '../../base/math.ts';
import type { StackParts } from './params.ts';

/** A mixer over a whole sequence from its start state: [rows, dModel] -> [rows, dModel]. */
export type NaiveMixer = (x: Float64Array, rows: number) => Float64Array;

/** u [rows, dIn] from the start state -> y [rows, dOut]. `cells` are the twins of the mixers and feed-forward cells, in order. */
export function naiveStack(
  parts: StackParts,
  cells: readonly NaiveMixer[],
  u: ArrayLike<number>,
  rows: number,
): Float64Array {
  const { eps, blocks, embed, embedNorm, finalNorm, head } = parts;
  const dIn = embed?.dIn ?? parts.dModel;
  const linear = (w: Float32Array, x: number[], m: number): number[] =>
    times(m, (i) => x.reduce((sum, value, j) => sum + w[i * x.length + j]! * value, 0));
  const norm = (x: number[], weight: Float32Array, bias?: Float32Array): number[] => {
    if (bias) return layerNorm(x, weight, bias);
    const rms = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length + eps);
    return x.map((value, i) => (value / rms) * weight[i]!);
  };
  const layerNorm = (x: number[], weight: Float32Array, bias: Float32Array): number[] => {
    const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
    const variance = x.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / x.length;
    return x.map((value, i) => ((value - mean) / Math.sqrt(variance + eps)) * weight[i]! + bias[i]!);
  };
  const plus = (a: number[], b: ArrayLike<number>): number[] => a.map((value, i) => value + (b[i] ?? 0));

  let x = times(rows, (t) => times(dIn, (i) => u[t * dIn + i]!));
  if (embed) x = x.map((row) => plus(linear(embed.weight, row, embed.dOut), embed.bias ?? []));
  if (embedNorm) x = x.map((row) => layerNorm(row, embedNorm.weight, embedNorm.bias));
  let next = 0;
  const through = (weight: Float32Array, bias?: Float32Array): number[][] => {
    const mixed = cells[next++]!(Float64Array.from(x.flatMap((row) => norm(row, weight, bias))), rows);
    return x.map((row, t) => plus(row, mixed.subarray(t * row.length, (t + 1) * row.length)));
  };
  for (const { norm: weight, normBias, mlp, feedForward } of blocks) {
    x = through(weight, normBias);
    if (feedForward) x = through(feedForward.norm, feedForward.normBias);
    if (!mlp) continue;
    x = x.map((row) => {
      const input = norm(row, mlp.norm);
      const raised = linear(mlp.up, input, mlp.dHidden);
      const gated = linear(mlp.gate, input, mlp.dHidden).map((value, i) => silu(value) * raised[i]!);
      return plus(row, linear(mlp.down, gated, row.length));
    });
  }
  if (finalNorm) x = x.map((row) => norm(row, finalNorm, parts.finalNormBias));
  if (head) x = x.map((row) => plus(linear(head.weight, row, head.dOut), head.bias ?? []));
  const { softCap } = parts;
  return Float64Array.from(x.flat(), (value) => {
    const capped = softCap ? softCap * tanh(value / softCap) : value;
    return parts.activation === 'sigmoid' ? sigmoid(capped) : capped;
  });
}

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
