// What a row of RWKV-6 becomes before it meets the state: five blends with the row before, each with a mix computed from
// the row itself, and their projections. Holds scratch only. Equations: cell.ts.

import { exp, tanh } from '../../base/math.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import { tokenShift } from '../../kernel/plain/rwkv-token-shift.ts';
import type { LowRank, Stream, TimeMixParams } from './params.ts';

export interface Streams {
  /** [dModel] each, of the last row taken. */
  readonly r: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
  /** Before its silu. */
  readonly gate: Float32Array;
  /** [dModel] f64: the decay of this row is exp(-rate). */
  readonly rate: Float64Array;
  /** x, shift [dModel] -> all of the above. */
  take(x: Float32Array, shift: Float32Array): void;
}

export function rwkv6Streams(params: TimeMixParams, dModel: number): Streams {
  const r = new Float32Array(dModel);
  const k = new Float32Array(dModel);
  const v = new Float32Array(dModel);
  const gate = new Float32Array(dModel);
  const rate = new Float64Array(dModel);
  const about = new Float32Array(dModel);
  const mix = new Float32Array(dModel);
  const mixed = new Float32Array(dModel);
  const added = new Float32Array(dModel);
  const mixLow = lowRankInto(dModel, params.mixLow.w.rank);
  const decayLow = lowRankInto(dModel, params.decayLow.rank);

  /** mixed = x with as much of the row before as this stream takes of it at this row. */
  const blend = (stream: Stream, x: Float32Array, shift: Float32Array): void => {
    const base = params.mix[stream];
    mixLow(params.mixLow[stream], about, added);
    for (let i = 0; i < dModel; i++) mix[i] = base[i]! + added[i]!;
    tokenShift(x, shift, mix, mixed);
  };

  return {
    r,
    k,
    v,
    gate,
    rate,
    take(x, shift) {
      tokenShift(x, shift, params.mixX, about);
      blend('w', x, shift);
      decayLow(params.decayLow, mixed, added);
      for (let i = 0; i < dModel; i++) rate[i] = exp(params.decay[i]! + added[i]!);
      blend('k', x, shift);
      matvec(params.key, mixed, k, dModel, dModel);
      blend('v', x, shift);
      matvec(params.value, mixed, v, dModel, dModel);
      blend('r', x, shift);
      matvec(params.receptance, mixed, r, dModel, dModel);
      blend('g', x, shift);
      matvec(params.gate, mixed, gate, dModel, dModel);
    },
  };
}

/** y = up tanh(down x), with scratch for `rank` values. */
function lowRankInto(dModel: number, rank: number): (low: LowRank, x: Float32Array, y: Float32Array) => void {
  const inner = new Float32Array(rank);
  return (low, x, y) => {
    matvec(low.down, x, inner, rank, dModel);
    for (let i = 0; i < rank; i++) inner[i] = tanh(inner[i]!);
    matvec(low.up, inner, y, dModel, rank);
  };
}
