// What a row of RWKV-7 becomes before it meets the state: six blends with the row before, projected, and from them the
// decay, the rate and direction of erasing, the key to write and the gate. Holds scratch only. Equations: cell.ts.

import { sigmoid, tanh } from '../../base/math.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import { tokenShift } from '../../kernel/plain/rwkv-token-shift.ts';
import type { LowRank, TimeMixParams } from './params.ts';

/** e^(-1/2): the fastest log decay of a row, so that a row keeps at least 0.545 of S. */
export const FASTEST = 0.6065306597126334;

export interface Streams {
  /** [dModel] each, of the last row taken; v before it goes over to v_first. */
  readonly r: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
  readonly gate: Float32Array;
  /** [dModel], before its sigmoid: how far v goes over to v_first. Zeros in layer 0. */
  readonly toFirst: Float32Array;
  /** [dModel] f64: -log of the decay of this row; the unit key to erase, per head; the part of it to erase. */
  readonly logDecay: Float64Array;
  readonly kk: Float64Array;
  readonly a: Float64Array;
  /** x, shift [dModel] -> all of the above. */
  take(x: Float32Array, shift: Float32Array): void;
}

export function rwkv7Streams(params: TimeMixParams, dModel: number, headDim: number): Streams {
  const [r, k, v, gate, toFirst] = rowsOf(5, dModel);
  const [mixed, raw] = rowsOf(2, dModel);
  const [logDecay, kk, a] = [0, 1, 2].map(() => new Float64Array(dModel)) as [Float64Array, Float64Array, Float64Array];
  const decay = lowRankInto(params.decay, tanh);
  const rate = lowRankInto(params.rate);
  const gated = lowRankInto(params.gate, sigmoid);
  const blended = params.toFirst && lowRankInto(params.toFirst);
  const { mix, keyErase, keyWrite } = params;

  return {
    ...{ r, k, v, gate, toFirst, logDecay, kk, a },
    take(x, shift) {
      tokenShift(x, shift, mix.r, mixed);
      matvec(params.receptance, mixed, r, dModel, dModel);
      tokenShift(x, shift, mix.w, mixed);
      decay(mixed, raw);
      for (let i = 0; i < dModel; i++) logDecay[i] = FASTEST * sigmoid(raw[i]!);
      tokenShift(x, shift, mix.v, mixed);
      matvec(params.value, mixed, v, dModel, dModel);
      if (blended) blended(mixed, toFirst);
      tokenShift(x, shift, mix.a, mixed);
      rate(mixed, raw);
      for (let i = 0; i < dModel; i++) a[i] = sigmoid(raw[i]!);
      tokenShift(x, shift, mix.g, mixed);
      gated(mixed, gate);
      tokenShift(x, shift, mix.k, mixed);
      matvec(params.key, mixed, k, dModel, dModel);
      for (let i = 0; i < dModel; i++) kk[i] = k[i]! * keyErase[i]!;
      normaliseHeads(kk, headDim);
      for (let i = 0; i < dModel; i++) k[i] = k[i]! * (1 + (a[i]! - 1) * keyWrite[i]!);
    },
  };
}

function rowsOf(count: 2, width: number): [Float32Array, Float32Array];
function rowsOf(count: 5, width: number): [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array];
function rowsOf(count: number, width: number): Float32Array[] {
  return Array.from({ length: count }, () => new Float32Array(width));
}

/** Each head to length 1; one shorter than 1e-12 is divided by that, so silence stays 0. */
function normaliseHeads(kk: Float64Array, headDim: number): void {
  for (let head = 0; head < kk.length; head += headDim) {
    let squares = 0;
    for (let i = head; i < head + headDim; i++) squares += kk[i]! * kk[i]!;
    const length = Math.max(1e-12, Math.sqrt(squares));
    for (let i = head; i < head + headDim; i++) kk[i] = kk[i]! / length;
  }
}

/** y = base + up f(down x), with its own scratch. */
function lowRankInto(low: LowRank, f?: (value: number) => number): (x: Float32Array, y: Float32Array) => void {
  const { rank, base } = low;
  const dModel = base.length;
  const inner = new Float32Array(rank);
  return (x, y) => {
    matvec(low.down, x, inner, rank, dModel);
    if (f) for (let i = 0; i < rank; i++) inner[i] = f(inner[i]!);
    matvec(low.up, inner, y, dModel, rank, base);
  };
}
