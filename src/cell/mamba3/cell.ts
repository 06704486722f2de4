// Mamba-3 mixer (SISO), one row at a time (2603.15569). Norm, residual and MLP around it are cell/stack's.
//   [z | v | B C | dt | A | trap | angles] = in_proj u;   lam = sigmoid(trap)
//   angle += tanh(angles) pi dt;   k = rotate(norm(B) + B_bias);   q = rotate(norm(C) + C_bias)
//   h = a (h + (1 - lam) dt v_prev k_prev) + lam dt v k;   a = exp(A dt);   out = out_proj((h . q + D v) silu(z))
// No convolution: the row before is read through k_prev and v_prev. In chunks: ssd.ts. Slow twin: naive.ts.

import { assert } from '../../base/assert.ts';
import { exp, softplus } from '../../base/math.ts';
import { mamba3Settle, mamba3Step } from '../../kernel/plain/mamba3-step.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import type { Weights } from '../../weights/tensor.ts';
import type { Cell } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import type { State } from '../state.ts';
import { type Mamba3Config, type Mamba3Layout, mamba3Decay, mamba3Layout, mamba3Sizes, readMamba3 } from './params.ts';
import { gateRow, selectRow } from './row.ts';
import { ssdForm } from './ssd.ts';

/**
 * A mixer with the tensors under `prefix`, for instance `backbone.layers.0.mixer.`; dIn = dOut = dModel.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function mamba3Cell(weights: Weights, prefix: string, config: Mamba3Config): Cell<Mamba3Layout> {
  const sizes = mamba3Sizes(config);
  const params = readMamba3(weights, prefix, sizes);
  const { dModel, dInner, dState, heads, pairs, dProj } = sizes;
  const select = selectRow(params, sizes);
  const gate = gateRow(params, sizes);
  const projected = new Float32Array(dProj); // scratch, rewritten by every row
  const inner = new Float32Array(dInner);
  const before = new Float64Array(heads);

  // `factor` stretches every dt; 1 is exact, so that a row on time is a step to the bit.
  const advance = (state: State<Mamba3Layout>, x: Float32Array, y: Float32Array, factor: number): void => {
    matvec(params.inProj, x, projected, dProj, dModel);
    const row = select(projected, state.at.angle, factor);
    mamba3Step(state.at, row.decay, row.now, row.before, row.k, row.q, row.v, params.D, inner, sizes);
    gate(inner, row.z);
    matvec(params.outProj, inner, y, dModel, dInner);
  };
  const step: Cell<Mamba3Layout>['step'] = (state, x, y) => advance(state, x, y, 1);
  return {
    kind: 'mamba3',
    dIn: dModel,
    dOut: dModel,
    layout: mamba3Layout(sizes),
    contextRows: Infinity,
    init(state) {
      for (const view of Object.values(state.at)) view.fill(0);
    },
    step,
    scan: scanBySteps({ dIn: dModel, dOut: dModel, step }),
    // The step the model chose, times dt: decay, rotation and trapezoid all take the longer way.
    stepAfter(state, x, y, dt) {
      assert(dt >= 0 && dt < Infinity, 'dt is not a length of time');
      advance(state, x, y, dt);
    },
    forms: { ssd: ssdForm(params, sizes) },
    flops: 2 * dModel * (dProj + dInner) + 7 * dInner * dState + 12 * heads * pairs,
    // Rows of zeros, of which in_proj, having no bias, makes dt = softplus(dt_bias), dd_A = 0, lam = 1/2, no turn and v = 0.
    // The first of them spends the kept row.
    skip(state, rows) {
      if (rows === 0) return;
      const { h, k, v } = state.at;
      for (let j = 0; j < heads; j++) before[j] = 0.5 * softplus(params.dtBias[j]!);
      mamba3Settle(state.at, before, sizes);
      const perHead = h.length / heads;
      for (let j = 0; j < heads; j++) {
        const decay = exp(rows * 2 * before[j]! * mamba3Decay(0, sizes));
        for (let i = j * perHead; i < (j + 1) * perHead; i++) h[i] = decay * h[i]!;
      }
      k.fill(0);
      v.fill(0);
    },
  };
}
