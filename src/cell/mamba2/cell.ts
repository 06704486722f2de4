// Mamba-2 mixer, one row at a time (Dao & Gu 2024, 2405.21060). Norm, residual and MLP around it are cell/stack's.
//   [z | x B C | dt] = in_proj u;   x B C = silu(conv(x B C));   dt = clamp(softplus(dt + dt_bias))
//   h = exp(dt A) h + dt x (outer) B;   y = h . C + D x;   out = out_proj(rmsNorm(y silu(z)) * weight)
// The state does not grow: 4 [(E + 2GN)(K - 1) + E N] bytes. In chunks: ssd.ts. Slow twin: naive.ts. Names and shapes: params.ts.

import { assert } from '../../base/assert.ts';
import { exp, softplus } from '../../base/math.ts';
import { causalConvSkip, causalConvStep } from '../../kernel/plain/causal-conv.ts';
import { gatedRmsNorm } from '../../kernel/plain/gated-rms-norm.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import { siluInto } from '../../kernel/plain/silu-into.ts';
import { ssdStep } from '../../kernel/plain/ssd-step.ts';
import type { Weights } from '../../weights/tensor.ts';
import type { Cell } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import { f32, type State } from '../state.ts';
import { lowerMamba2 } from './lower.ts';
import { type Mamba2Config, type Mamba2Layout, mamba2Sizes, readMamba2 } from './params.ts';
import { ssdForm } from './ssd.ts';

/**
 * A mixer with the tensors under `prefix`, for instance `backbone.layers.0.mixer.`; dIn = dOut = dModel.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function mamba2Cell(weights: Weights, prefix: string, config: Mamba2Config): Cell<Mamba2Layout> {
  const params = readMamba2(weights, prefix, config);
  const { dInner, heads, dMixed, dProj } = mamba2Sizes(config);
  const { dModel, dState, dConv, headDim, nGroups, eps } = config;
  const [dtMin, dtMax] = config.dtLimit;
  const sizes = { heads, headDim, dState, groups: nGroups };
  const normGroups = config.normOver === 'group' ? nGroups : 1;
  const layout: Mamba2Layout = { conv: f32(dMixed, dConv - 1), ssm: f32(heads, headDim, dState) };

  // Scratch, rewritten by every step. The slices are views: in_proj writes them all at once.
  const projected = new Float32Array(dProj);
  const z = projected.subarray(0, dInner);
  const mixed = projected.subarray(dInner, dInner + dMixed);
  const rawDt = projected.subarray(dInner + dMixed);
  const x = mixed.subarray(0, dInner);
  const B = mixed.subarray(dInner, dInner + nGroups * dState);
  const C = mixed.subarray(dInner + nGroups * dState);
  const dt = new Float64Array(heads);
  const inner = new Float32Array(dInner);

  const dtOf = (raw: number): number => Math.min(dtMax, Math.max(dtMin, softplus(raw)));

  // `factor` stretches every dt; 1 is exact, so that a row on time is a step to the bit.
  const advance = (state: State<Mamba2Layout>, input: Float32Array, output: Float32Array, factor: number): void => {
    matvec(params.inProj, input, projected, dProj, dModel, params.inProjBias);
    causalConvStep(state.at.conv, mixed, params.convWeight, params.convBias, mixed, dMixed, dConv);
    siluInto(mixed, mixed);
    for (let j = 0; j < heads; j++) dt[j] = factor * dtOf(rawDt[j]! + params.dtBias[j]!);
    ssdStep(state.at.ssm, dt, params.A, x, B, C, params.D, inner, sizes);
    gatedRmsNorm(inner, z, params.normWeight, eps, inner, normGroups);
    matvec(params.outProj, inner, output, dModel, dInner, params.outProjBias);
  };
  const step: Cell<Mamba2Layout>['step'] = (state, input, output) => advance(state, input, output, 1);

  return {
    kind: 'mamba2',
    dIn: dModel,
    dOut: dModel,
    layout,
    contextRows: Infinity,
    init(state) {
      state.at.conv.fill(0);
      state.at.ssm.fill(0);
    },
    step,
    scan: scanBySteps({ dIn: dModel, dOut: dModel, step }),
    // The step the model chose, times dt, after the clamp. The convolution counts rows and does not know how late they came.
    stepAfter(state, input, output, factor) {
      assert(factor >= 0 && factor < Infinity, 'dt is not a length of time');
      advance(state, input, output, factor);
    },
    lower: (simd, region) => lowerMamba2(params, config, layout, simd, region),
    forms: { ssd: ssdForm(params, config) },
    flops: 2 * dModel * (dProj + dInner) + 2 * dConv * dMixed + 5 * dInner * dState,
    // A row without input adds nothing to h and has dt = softplus(dt_bias), what in_proj of a zero row would give.
    skip(state, rows) {
      const { conv, ssm } = state.at;
      causalConvSkip(conv, dMixed, dConv, rows);
      const perHead = headDim * dState;
      for (let j = 0; j < heads; j++) {
        const decay = exp(rows * dtOf(params.dtBias[j]!) * params.A[j]!);
        for (let i = j * perHead; i < (j + 1) * perHead; i++) ssm[i] = decay * ssm[i]!;
      }
    },
  };
}
