// The two ends of Griffin's block around the recurrence: what a row becomes before h = a h + b, and what h becomes after.
// Shared by the step (cell.ts) and the associative form (associative.ts). Holds scratch space, no state.

import { causalConvStep } from '../../kernel/plain/causal-conv.ts';
import { geluTanh } from '../../kernel/plain/gelu-tanh.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import { rgLruCoefficients } from '../../kernel/plain/rg-lru-coefficients.ts';
import { rgLruGate } from '../../kernel/plain/rg-lru-gate.ts';
import type { f32, State, u32 } from '../state.ts';
import type { RgLruConfig, RgLruParams } from './params.ts';

/** conv [lru, K - 1]: last inputs of the convolution, oldest first. h [lru]. started [1]: 0 until the first row. */
export type RgLruLayout = {
  readonly conv: ReturnType<typeof f32>;
  readonly h: ReturnType<typeof f32>;
  readonly started: ReturnType<typeof u32>;
};

export interface RgLruBranches {
  /** Of the row read last: h = a h + b, [lru] f64; and the y branch gelu(linear_y x), [lru] f32. */
  readonly a: Float64Array;
  readonly b: Float64Array;
  readonly gate: Float32Array;
  /** x [dModel], `dt` rows after the row before, into a, b and gate. Moves the convolution on and marks the start. */
  read(state: State<RgLruLayout>, x: Float32Array, dt: number): void;
  /** linear_out(h * gate) -> y [dModel]. h [lru] */
  write(h: Float32Array, y: Float32Array): void;
}

export function rgLruBranches(params: RgLruParams, config: RgLruConfig): RgLruBranches {
  const { dModel, lruWidth, heads, dConv } = config;
  const { linearX, linearY, linearOut, conv, inputGate, recurrentGate, rate } = params;
  const u = new Float32Array(lruWidth);
  const gate = new Float32Array(lruWidth);
  const gated = new Float32Array(lruWidth);
  const r = new Float64Array(lruWidth);
  const i = new Float64Array(lruWidth);
  const a = new Float64Array(lruWidth);
  const b = new Float64Array(lruWidth);
  return {
    a,
    b,
    gate,
    read({ at }, x, dt) {
      matvec(linearY.weight, x, gate, lruWidth, dModel, linearY.bias);
      for (let c = 0; c < lruWidth; c++) gate[c] = geluTanh(gate[c]!);
      matvec(linearX.weight, x, u, lruWidth, dModel, linearX.bias);
      causalConvStep(at.conv, u, conv.weight, conv.bias, u, lruWidth, dConv);
      rgLruGate(recurrentGate.weight, u, recurrentGate.bias, r, heads);
      rgLruGate(inputGate.weight, u, inputGate.bias, i, heads);
      rgLruCoefficients(r, i, u, rate, dt, at.started[0] === 0, a, b);
      at.started[0] = 1;
    },
    write(h, y) {
      for (let c = 0; c < lruWidth; c++) gated[c] = h[c]! * gate[c]!;
      matvec(linearOut.weight, gated, y, dModel, lruWidth, linearOut.bias);
    },
  };
}
