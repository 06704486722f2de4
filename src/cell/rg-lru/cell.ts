// Griffin's recurrent block, one row at a time (De et al. 2024, 2402.19427). Norm, residual and MLP are cell/stack's.
//   u = conv(linear_x x);  r, i = sigmoid(block-diagonal(u));  log a = -8 r softplus(recurrent_param)
//   h = a h + sqrt(1 - a^2) (i u);   out = linear_out(h * gelu_tanh(linear_y x));   on a stream's first row h = i u
// State: 4 K lru + 8 bytes. Ends of the block: branches.ts. Other form: associative.ts. Slow twin: naive.ts.

import { exp, sigmoid } from '../../base/math.ts';
import { causalConvSkip } from '../../kernel/plain/causal-conv.ts';
import type { Weights } from '../../weights/tensor.ts';
import type { Cell } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import { f32, type State, u32 } from '../state.ts';
import { associativeForm } from './associative.ts';
import { type RgLruLayout, rgLruBranches } from './branches.ts';
import { lowerRgLru } from './lower.ts';
import { type RgLruConfig, readRgLru } from './params.ts';

/**
 * A block with the tensors under `prefix`, for instance `model.layers.0.temporal_block.`; dIn = dOut = dModel.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function rgLruCell(weights: Weights, prefix: string, config: RgLruConfig): Cell<RgLruLayout> {
  const params = readRgLru(weights, prefix, config);
  const { dModel, lruWidth, heads, dConv } = config;
  const branches = rgLruBranches(params, config);
  const { a, b } = branches;
  const layout: RgLruLayout = { conv: f32(lruWidth, dConv - 1), h: f32(lruWidth), started: u32(1) };

  const stepAfter = (state: State<RgLruLayout>, x: Float32Array, y: Float32Array, dt: number): void => {
    branches.read(state, x, dt);
    const { h } = state.at;
    for (let c = 0; c < lruWidth; c++) h[c] = a[c]! * h[c]! + b[c]!;
    branches.write(h, y);
  };
  const step = (state: State<RgLruLayout>, x: Float32Array, y: Float32Array): void => stepAfter(state, x, y, 1);

  return {
    kind: 'rg-lru',
    dIn: dModel,
    dOut: dModel,
    layout,
    contextRows: Infinity,
    flops: 6 * dModel * lruWidth + (4 * lruWidth * lruWidth) / heads + 2 * dConv * lruWidth + 10 * lruWidth,
    init(state) {
      state.bytes.fill(0);
    },
    step,
    stepAfter,
    scan: scanBySteps({ dIn: dModel, dOut: dModel, step }),
    lower: (simd, region) => lowerRgLru(params, config, layout, simd, region),
    forms: { associative: associativeForm(branches, dModel, lruWidth) },
    // A row without input adds nothing to h and decays it with the recurrent gate at its bias, what a zero u would give.
    // `started` stays: the first row that comes is the first, however long the wait was.
    skip(state, rows) {
      causalConvSkip(state.at.conv, lruWidth, dConv, rows);
      const { h } = state.at;
      for (let c = 0; c < lruWidth; c++) {
        h[c] = exp(-rows * sigmoid(params.recurrentGate.bias[c]!) * params.rate[c]!) * h[c]!;
      }
    },
  };
}
