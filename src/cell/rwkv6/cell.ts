// RWKV-6 ("Finch") time mixing, one row at a time (Peng et al. 2024, 2404.05892). The other half of a layer is
// channel-mix.ts; norms and residuals are the caller's.
//   mix_s = maa_s + tanh(maa_w1 (x shifted by maa_x)) maa_w2,  x_s = x + mix_s (previous x - x)     s of w, k, v, r, g
//   w = exp(-exp(time_decay + tanh(decay_w1 xw) decay_w2));   r, k, v = receptance xr, key xk, value xv
//   y = r (S + u k (outer) v);  S = diag(w) S + k (outer) v;   out = output (norm of every head(y) * silu(gate xg))
// The state does not grow: 4 D (N + 1) bytes. Slow twin: naive.ts. Names and shapes: params.ts.

import { exp, silu } from '../../base/math.ts';
import { groupNorm } from '../../kernel/plain/group-norm.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import { wkv6Step } from '../../kernel/plain/rwkv6-wkv-step.ts';
import type { Weights } from '../../weights/tensor.ts';
import type { Cell } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import { f32, type State } from '../state.ts';
import { HEAD_EPS, type Rwkv6Config, readTimeMix } from './params.ts';
import { rwkv6Streams } from './streams.ts';

/** shift [D]: the row before. S [H, N, N]: a matrix a head, [key, value]. */
export type Rwkv6Layout = { readonly shift: ReturnType<typeof f32>; readonly S: ReturnType<typeof f32> };

/**
 * The time mixing with the tensors under `prefix`, for instance `blocks.0.att.`; dIn = dOut = dModel.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function rwkv6Cell(weights: Weights, prefix: string, config: Rwkv6Config): Cell<Rwkv6Layout> {
  const params = readTimeMix(weights, prefix, config);
  const { dModel, headDim } = config;
  const heads = dModel / headDim;
  const sizes = { heads, keyDim: headDim, valueDim: headDim };
  const layout: Rwkv6Layout = { shift: f32(dModel), S: f32(heads, headDim, headDim) };

  // Scratch, rewritten by every step.
  const streams = rwkv6Streams(params, dModel);
  const { r, k, v, gate, rate } = streams;
  const w = new Float64Array(dModel);
  const attended = new Float32Array(dModel);

  const age = (S: Float32Array, rates: Float64Array, rows: number): void => {
    for (let i = 0; i < dModel; i++) {
      const decay = exp(-rows * rates[i]!);
      for (let at = i * headDim; at < (i + 1) * headDim; at++) S[at] = decay * S[at]!;
    }
  };

  const advance = ({ at }: State<Rwkv6Layout>, x: Float32Array, y: Float32Array, dt: number): void => {
    const { shift, S } = at;
    streams.take(x, shift);
    // Late by dt - 1 rows: what the row reads has aged by so much more, at this row's rate. Never younger when early.
    if (dt > 1) age(S, rate, dt - 1);
    for (let i = 0; i < dModel; i++) w[i] = exp(-Math.min(1, dt) * rate[i]!);
    wkv6Step(S, w, params.u, r, k, v, attended, sizes);
    groupNorm(attended, heads, params.normWeight, params.normBias, HEAD_EPS, attended);
    for (let i = 0; i < dModel; i++) attended[i] = attended[i]! * silu(gate[i]!);
    matvec(params.output, attended, y, dModel, dModel);
    shift.set(x);
  };
  const step = (state: State<Rwkv6Layout>, x: Float32Array, y: Float32Array): void => advance(state, x, y, 1);
  const [mixRank, decayRank] = [params.mixLow.w.rank, params.decayLow.rank];

  return {
    kind: 'rwkv6',
    dIn: dModel,
    dOut: dModel,
    layout,
    contextRows: Infinity,
    flops: dModel * (10 * dModel + 20 * mixRank + 4 * decayRank + 5 * headDim + 44) + 5 * mixRank + decayRank,
    init({ at }) {
      at.shift.fill(0);
      at.S.fill(0);
    },
    step,
    scan: scanBySteps({ dIn: dModel, dOut: dModel, step }),
    stepAfter: advance,
    // A row of zeros has k = 0 and the decay of time_decay alone. The token shift holds the last row that came.
    skip({ at }, rows) {
      age(at.S, params.rate, rows);
    },
  };
}
