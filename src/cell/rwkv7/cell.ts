// RWKV-7 ("Goose") time mixing, one row at a time (Peng et al. 2025, 2503.14456). The other half of a layer is
// channel-mix.ts; norms and residuals: block.ts.
//   x_s = x + mix_s (previous x - x), s of r, w, k, v, a, g;   r, k, v = receptance xr, key xk, value xv
//   w = exp(-e^(-1/2) sigmoid(w0 + tanh(xw w1) w2));   a = sigmoid(a0 + xa a1 a2);   g = sigmoid(xg g1) g2
//   v = v + sigmoid(v0 + xv v1 v2) (v_first - v) past layer 0;   kk = k k_k / |k k_k| per head;   k = k (1 + (a - 1) k_a)
//   S = S diag(w) - (S kk) (outer) (kk a) + v (outer) k;   y = output ((norm of every head(S r) + (r . r_k k) v) g)
// v_first is the v of layer 0 at the same row: it goes from layer to layer beside x, no state. Layer 0 writes
// [y | v_first], every other layer reads [x | v_first]. The state does not grow: 4 D (N + 1) bytes. Slow twin: naive.ts.

import { exp, sigmoid } from '../../base/math.ts';
import { groupNorm } from '../../kernel/plain/group-norm.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import { wkv7Step } from '../../kernel/plain/rwkv7-wkv-step.ts';
import type { Weights } from '../../weights/tensor.ts';
import type { Cell } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import { f32, type State } from '../state.ts';
import { lowerRwkv7 } from './lower.ts';
import { HEAD_EPS, type Rwkv7Config, type Rwkv7Layout, readTimeMix, type TimeMixParams } from './params.ts';
import { FASTEST, rwkv7Streams } from './streams.ts';

/**
 * The time mixing with the tensors under `prefix`, for instance `blocks.0.att.`. With config.first dIn = D, dOut = 2 D;
 * without dIn = 2 D, dOut = D.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function rwkv7Cell(weights: Weights, prefix: string, config: Rwkv7Config): Cell<Rwkv7Layout> {
  const params = readTimeMix(weights, prefix, config);
  const { dModel, headDim, first } = config;
  const heads = dModel / headDim;
  const [dIn, dOut] = first ? [dModel, 2 * dModel] : [2 * dModel, dModel];
  const layout: Rwkv7Layout = { shift: f32(dModel), S: f32(heads, headDim, headDim) };

  // Scratch, rewritten by every step.
  const streams = rwkv7Streams(params, dModel, headDim);
  const { r, k, v, gate, toFirst, logDecay, kk, a } = streams;
  const x = new Float32Array(dModel);
  const w = new Float64Array(dModel);
  const attended = new Float32Array(dModel);
  const out = new Float32Array(dModel);

  const advance = ({ at }: State<Rwkv7Layout>, input: Float32Array, output: Float32Array, dt: number): void => {
    for (let i = 0; i < dModel; i++) x[i] = input[i]!;
    streams.take(x, at.shift);
    if (!first) for (let i = 0; i < dModel; i++) v[i] = v[i]! + sigmoid(toFirst[i]!) * (input[dModel + i]! - v[i]!);
    for (let i = 0; i < dModel; i++) w[i] = exp(-dt * logDecay[i]!);
    wkv7Step(at.S, w, r, k, v, kk, a, attended, headDim);
    groupNorm(attended, heads, params.normWeight, params.normBias, HEAD_EPS, attended);
    addBonus(attended, params.bonus, r, k, v, headDim);
    for (let i = 0; i < dModel; i++) attended[i] = attended[i]! * gate[i]!;
    matvec(params.output, attended, out, dModel, dModel);
    output.set(out);
    if (first) output.set(v, dModel);
    at.shift.set(x);
  };
  const step = (state: State<Rwkv7Layout>, input: Float32Array, output: Float32Array): void =>
    advance(state, input, output, 1);

  return {
    kind: 'rwkv7',
    dIn,
    dOut,
    layout,
    contextRows: Infinity,
    flops: flopsOf(params, config),
    init({ at }) {
      at.shift.fill(0);
      at.S.fill(0);
    },
    step,
    scan: scanBySteps({ dIn, dOut, step }),
    stepAfter: advance,
    lower: (simd, region) => lowerRwkv7(params, config, layout, simd, region),
    // A row of zeros has k = kk = 0 and the decay of w0 alone. The token shift holds the last row that came.
    skip({ at }, rows) {
      for (let j = 0; j < dModel; j++) w[j] = exp(-rows * FASTEST * sigmoid(params.decay.base[j]!));
      for (let row = 0; row < dModel; row++) {
        const head = row - (row % headDim);
        for (let i = 0; i < headDim; i++) at.S[row * headDim + i] = w[head + i]! * at.S[row * headDim + i]!;
      }
    },
  };
}

/** y += (r . bonus k) v, head by head: what the row gives itself beside the state, past the norm. All [heads, headDim]. */
function addBonus(
  y: Float32Array,
  bonus: Float32Array,
  r: Float32Array,
  k: Float32Array,
  v: Float32Array,
  headDim: number,
): void {
  for (let head = 0; head < y.length; head += headDim) {
    let sum = 0;
    for (let i = head; i < head + headDim; i++) sum += r[i]! * bonus[i]! * k[i]!;
    for (let i = head; i < head + headDim; i++) y[i] = y[i]! + sum * v[i]!;
  }
}

function flopsOf({ decay, rate, gate, toFirst }: TimeMixParams, { dModel, headDim }: Rwkv7Config): number {
  const ranks = decay.rank + rate.rank + gate.rank + (toFirst?.rank ?? 0);
  return dModel * (8 * dModel + 4 * ranks + 9 * headDim + (toFirst ? 61 : 53)) + 5 * decay.rank + 4 * gate.rank;
}
