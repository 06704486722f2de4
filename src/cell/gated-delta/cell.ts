// Gated DeltaNet mixer, one row at a time (Yang, Kautz & Hatamizadeh 2024, 2412.06464). Norm, residual, MLP: cell/stack's.
//   q, k, v = silu(conv(W x)), q and k unit vectors a head;   beta = sigmoid(b);   g = -exp(A_log) softplus(a + dt_bias)
//   S = e^g S;   S += k (outer) beta (v - k S);   o = headKDim^-1/2 q S;   y = out( rmsNorm(o) * weight * silu(z) )
// The state does not grow: 4 [(2 keys + values)(K - 1) + valueHeads hk hv] bytes. Slow twin: naive.ts. Chunks: wy.ts.

import { exp, softplus } from '../../base/math.ts';
import { causalConvSkip } from '../../kernel/plain/causal-conv.ts';
import { gatedDeltaStep } from '../../kernel/plain/gated-delta-step.ts';
import type { Cell } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import { f32, type State } from '../state.ts';
import { lowerGatedDelta } from './lower.ts';
import { type GatedDeltaConfig, type GatedDeltaParams, gatedDeltaWidths } from './params.ts';
import { gatedDeltaProjections } from './projections.ts';
import { type GatedDeltaLayout, wyForm } from './wy.ts';

/** A mixer with params from one of the readers; dIn = dOut = dModel. @throws ERR_CONFIG_INVALID */
export function gatedDeltaCell(config: GatedDeltaConfig, params: GatedDeltaParams): Cell<GatedDeltaLayout> {
  const { keys, values, dMixed, dProj } = gatedDeltaWidths(config);
  const { dModel, valueHeads, headKDim, headVDim, dConv } = config;
  const projections = gatedDeltaProjections(params, config);
  const { q, k, v, g, beta } = projections;
  const mixed = new Float32Array(values);
  const layout: GatedDeltaLayout = { conv: f32(dMixed, dConv - 1), S: f32(valueHeads, headVDim, headKDim) };

  const stepAfter = ({ at }: State<GatedDeltaLayout>, x: Float32Array, y: Float32Array, dt: number): void => {
    projections.read(at.conv, x);
    gatedDeltaStep(at.S, q, k, v, g, beta, mixed, dt, config);
    projections.write(mixed, y);
  };
  const step = (state: State<GatedDeltaLayout>, x: Float32Array, y: Float32Array): void => stepAfter(state, x, y, 1);

  return {
    kind: 'gated-delta',
    dIn: dModel,
    dOut: dModel,
    layout,
    contextRows: Infinity,
    flops: 2 * dModel * (dProj + values) + 2 * dConv * dMixed + 8 * keys + 7 * values * headKDim + 8 * values,
    init(state) {
      state.at.conv.fill(0);
      state.at.S.fill(0);
    },
    step,
    stepAfter,
    scan: scanBySteps({ dIn: dModel, dOut: dModel, step }),
    lower: (simd, region) => lowerGatedDelta(params, config, layout, simd, region),
    forms: { wy: wyForm(projections, config) },
    // A row without input writes nothing and forgets with a = 0, what a zero row would give.
    skip({ at }, rows) {
      causalConvSkip(at.conv, dMixed, dConv, rows);
      const perHead = headVDim * headKDim;
      for (let j = 0; j < valueHeads; j++) {
        const decay = exp(rows * params.A[j]! * softplus(params.dtBias[j]!));
        for (let i = j * perHead; i < (j + 1) * perHead; i++) at.S[i] = decay * at.S[i]!;
      }
    },
  };
}
