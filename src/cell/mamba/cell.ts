// Mamba mixer, one row at a time (Gu & Dao 2023, 2312.00752). Norm, residual and MLP around it are cell/stack's.
//   [x | z] = in_proj u;   x = silu(conv x);   [r | B | C] = x_proj x;   dt = softplus(dt_proj r + bias)
//   h = exp(dt A) h + dt x (outer) B;   y = h . C + D x;   out = out_proj(y silu(z))       h [E, N]
// The state does not grow: 4 E (K - 1 + N) bytes. Other scans: forms.ts. Slow twin: naive.ts. Names and shapes: params.ts.

import { assert } from '../../base/assert.ts';
import { exp, silu, softplus } from '../../base/math.ts';
import { causalConvSkip, causalConvStep } from '../../kernel/plain/causal-conv.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import { rmsNorm } from '../../kernel/plain/rms-norm.ts';
import { selectiveScanStep } from '../../kernel/plain/selective-scan.ts';
import { siluInto } from '../../kernel/plain/silu-into.ts';
import type { Weights } from '../../weights/tensor.ts';
import type { Cell } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import { f32, type State } from '../state.ts';
import { mambaForms } from './forms.ts';
import { lowerMamba } from './lower.ts';
import { type MambaConfig, type MambaLayout, type MambaParams, readMamba } from './params.ts';

/**
 * A mixer with the tensors under `prefix`, for instance `backbone.layers.0.mixer.`; dIn = dOut = dModel.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function mambaCell(weights: Weights, prefix: string, config: MambaConfig): Cell<MambaLayout> {
  const params = readMamba(weights, prefix, config);
  const { dModel, dInner, dState, dConv, dtRank } = config;
  const layout: MambaLayout = { conv: f32(dInner, dConv - 1), ssm: f32(dInner, dState) };
  const advance = mixerStep(params, config);
  const step: Cell<MambaLayout>['step'] = (state, x, y) => advance(state, x, y, 1);
  return {
    kind: 'mamba',
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
    // The step the model chose, times dt. The convolution counts rows and does not know how late they came.
    stepAfter(state, x, y, dt) {
      assert(dt >= 0 && dt < Infinity, 'dt is not a length of time');
      advance(state, x, y, dt);
    },
    lower: (simd, region) => lowerMamba(params, config, layout, simd, region),
    forms: mambaForms(params, config),
    flops: 6 * dModel * dInner + 2 * dInner * (dConv + 2 * dtRank + 2 * dState) + 8 * dInner * dState,
    // A row without input adds nothing to h and has dt = softplus(dt_proj.bias), what dt_proj of a zero row gives.
    skip(state, rows) {
      const { conv, ssm } = state.at;
      causalConvSkip(conv, dInner, dConv, rows);
      for (let i = 0; i < ssm.length; i++) {
        const dt = softplus(params.dtBias[Math.floor(i / dState)]!);
        ssm[i] = exp(rows * dt * params.A[i]!) * ssm[i]!;
      }
    },
  };
}

type Advance = (state: State<MambaLayout>, input: Float32Array, output: Float32Array, factor: number) => void;

/** One row, with `factor` on every dt. */
function mixerStep(params: MambaParams, config: MambaConfig): Advance {
  const { dModel, dInner, dState, dConv, dtRank } = config;
  const { norms } = params;
  const eps = config.selectNorm?.eps ?? 0;
  const sizes = { channels: dInner, dState };

  // Scratch, rewritten by every row. The slices are views: each projection writes its own all at once.
  const projected = new Float32Array(2 * dInner);
  const x = projected.subarray(0, dInner);
  const z = projected.subarray(dInner);
  const selected = new Float32Array(dtRank + 2 * dState);
  const r = selected.subarray(0, dtRank);
  const B = selected.subarray(dtRank, dtRank + dState);
  const C = selected.subarray(dtRank + dState);
  const rawDt = new Float32Array(dInner);
  const dt = new Float64Array(dInner);
  const inner = new Float32Array(dInner);

  return (state, input, output, factor) => {
    matvec(params.inProj, input, projected, 2 * dInner, dModel, params.inProjBias);
    causalConvStep(state.at.conv, x, params.convWeight, params.convBias, x, dInner, dConv);
    siluInto(x, x);
    matvec(params.xProj, x, selected, dtRank + 2 * dState, dInner);
    if (norms) {
      rmsNorm(r, norms.r, eps, r);
      rmsNorm(B, norms.B, eps, B);
      rmsNorm(C, norms.C, eps, C);
    }
    matvec(params.dtProj, r, rawDt, dInner, dtRank, params.dtBias);
    for (let c = 0; c < dInner; c++) dt[c] = factor * softplus(rawDt[c]!);
    selectiveScanStep(state.at.ssm, dt, params.A, x, B, C, params.D, inner, sizes);
    for (let c = 0; c < dInner; c++) inner[c] = inner[c]! * silu(z[c]!);
    matvec(params.outProj, inner, output, dModel, dInner, params.outProjBias);
  };
}
