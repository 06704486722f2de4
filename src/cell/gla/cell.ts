// Gated linear attention, one row at a time (Yang et al. 2023, 2312.06635). Norm, residual and MLP around it are cell/stack's.
//   q, k, v = W x;   g = log sigmoid(gk_proj x) / 16;   S = diag(e^g) S + k (outer) v;   o = headKDim^-1/2 q S
//   y = o_proj( rmsNorm(o) * weight * silu(g_proj x) ), normed head by head
// The state does not grow: 4 H hk hv bytes. Slow twin: naive.ts. Chunks: chunked.ts. Names and shapes: params.ts.

import { exp, softplus } from '../../base/math.ts';
import { glaStep } from '../../kernel/plain/gla-step.ts';
import type { Weights } from '../../weights/tensor.ts';
import type { Cell } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import { f32, type State } from '../state.ts';
import { chunkedForm, type GlaLayout } from './chunked.ts';
import { lowerGla } from './lower.ts';
import { type GlaConfig, readGla } from './params.ts';
import { glaProjections } from './projections.ts';

/**
 * A layer with the tensors under `prefix`, for instance `model.layers.0.attn.`; dIn = dOut = dModel.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function glaCell(weights: Weights, prefix: string, config: GlaConfig): Cell<GlaLayout> {
  const params = readGla(weights, prefix, config);
  const { dModel, heads, headKDim, headVDim, gateRank, gateNormalizer } = config;
  const [keys, values] = [heads * headKDim, heads * headVDim];
  const projections = glaProjections(params, config);
  const { q, k, v, g } = projections;
  const mixed = new Float32Array(values);

  const stepAfter = ({ at }: State<GlaLayout>, x: Float32Array, y: Float32Array, dt: number): void => {
    projections.read(x);
    glaStep(at.S, q, k, v, g, mixed, dt, config);
    projections.write(mixed, y);
  };
  const step = (state: State<GlaLayout>, x: Float32Array, y: Float32Array): void => stepAfter(state, x, y, 1);

  return {
    kind: 'gla',
    dIn: dModel,
    dOut: dModel,
    layout: { S: f32(heads, headVDim, headKDim) },
    contextRows: Infinity,
    flops: 2 * dModel * (2 * keys + 3 * values + gateRank) + 2 * gateRank * keys + 5 * keys * headVDim + 8 * values,
    init(state) {
      state.at.S.fill(0);
    },
    step,
    stepAfter,
    scan: scanBySteps({ dIn: dModel, dOut: dModel, step }),
    lower: (simd, region) => lowerGla(params, config, simd, region),
    forms: { chunked: chunkedForm(projections, config) },
    // A row without input writes nothing and forgets with the gate at its bias, what gk_proj of a zero row would give.
    skip({ at }, rows) {
      for (let i = 0; i < keys; i++) {
        const decay = exp((-rows * softplus(-params.decayBias[i]!)) / gateNormalizer);
        const first = Math.floor(i / headKDim) * headKDim * headVDim + (i % headKDim);
        for (let j = 0; j < headVDim; j++) at.S[first + j * headKDim] = decay * at.S[first + j * headKDim]!;
      }
    },
  };
}
