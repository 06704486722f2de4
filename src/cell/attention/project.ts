// Into the heads and out of them: the dense layers of an attention cell with what checkpoints add around them - biases,
// a norm of each query and key head, rotation of the first part of a head, a gate on the way out. No state: cell.ts.

import { sigmoid } from '../../base/math.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import { rmsNorm } from '../../kernel/plain/rms-norm.ts';
import { rmsNormPlusOne } from '../../kernel/plain/rms-norm-plus-one.ts';
import { ropeFrequencies, ropeRotation, rotateHalf } from '../../kernel/plain/rope.ts';
import { type AttentionConfig, type AttentionParams, rotaryDim } from './params.ts';

export interface Projection {
  /** What `enter` writes: [heads * headDim], [kvHeads * headDim] twice; gate [heads * headDim] before its sigmoid, or []. */
  readonly q: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
  readonly gate: Float32Array;
  /** Fills q, k, v and gate from the row x [dModel] at an absolute position. */
  enter(x: Float32Array, position: number): void;
  /** attended [heads * headDim] - mutated when there is a gate; gate as `enter` wrote it; y [dModel] - written. */
  leave(attended: Float32Array, gate: Float32Array, y: Float32Array): void;
}

export function projection(params: AttentionParams, config: AttentionConfig): Projection {
  const { dModel, heads, kvHeads, headDim, qkNorm } = config;
  const wide = heads * headDim;
  const narrow = kvHeads * headDim;
  const q = new Float32Array(wide);
  const k = new Float32Array(narrow);
  const v = new Float32Array(narrow);
  const gate = new Float32Array(config.outputGate ? wide : 0);
  const doubled = new Float32Array(config.outputGate ? 2 * wide : 0);
  const normed = qkNorm?.plusOne ? rmsNormPlusOne : rmsNorm;
  const queryHeads = headsOf(q, headDim, headDim);
  const keyHeads = headsOf(k, headDim, headDim);
  const rotated = rotaryDim(config);
  const frequencies = ropeFrequencies(config.theta, rotated);
  const rotation = new Float64Array(rotated);
  // A whole row is rotated at once where heads are rotated whole; otherwise head by head.
  const parts = (row: Float32Array): Float32Array[] => (rotated === headDim ? [row] : headsOf(row, headDim, rotated));
  const turned = rotated > 0 ? [...parts(q), ...parts(k)] : [];

  return {
    q,
    k,
    v,
    gate,
    enter(x, position) {
      if (gate.length > 0) {
        matvec(params.q, x, doubled, 2 * wide, dModel, params.bias.q);
        separate(doubled, q, gate, headDim);
      } else matvec(params.q, x, q, wide, dModel, params.bias.q);
      matvec(params.k, x, k, narrow, dModel, params.bias.k);
      matvec(params.v, x, v, narrow, dModel, params.bias.v);
      if (qkNorm && params.norm) {
        for (let j = 0; j < heads; j++) normed(queryHeads[j]!, params.norm.q, qkNorm.eps, queryHeads[j]!);
        for (let j = 0; j < kvHeads; j++) normed(keyHeads[j]!, params.norm.k, qkNorm.eps, keyHeads[j]!);
      }
      ropeRotation(position, frequencies, rotation);
      for (let j = 0; j < turned.length; j++) rotateHalf(turned[j]!, rotation);
    },
    leave(attended, gates, y) {
      for (let i = 0; i < gates.length; i++) attended[i] = attended[i]! * sigmoid(gates[i]!);
      matvec(params.o, attended, y, dModel, wide, params.bias.o);
    },
  };
}

/** Views of the first `length` elements of every head of a row. */
function headsOf(row: Float32Array, headDim: number, length: number): Float32Array[] {
  return Array.from({ length: row.length / headDim }, (_, j) => row.subarray(j * headDim, j * headDim + length));
}

/** doubled [heads, 2, headDim] -> q [heads, headDim] and gate [heads, headDim]. */
function separate(doubled: Float32Array, q: Float32Array, gate: Float32Array, headDim: number): void {
  for (let i = 0; i < q.length; i++) {
    const at = i + Math.floor(i / headDim) * headDim;
    q[i] = doubled[at]!;
    gate[i] = doubled[at + headDim]!;
  }
}
