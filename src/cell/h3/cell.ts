// H3 mixer, one row at a time: two SSMs and two products. The shift SSM remembers the last N keys exactly, the diagonal one
// what was multiplied with them for long; together they recall what followed a token (Fu et al. 2023, arXiv 2212.14052).
//   q, k, v = linear(u);   k~ = shift(k);   h = a h + b (k~ v);   y = q (2 Re(C . h) + D k~ v);   out = output_linear(y)
// With headDim d > 1, k~ v is the outer product of d channels, read by q over d. State: 4 D (N - 1) + 4 D d N bytes.
// Names and shapes: params.ts. Other form: fft.ts. Slow twin: naive.ts.

import { causalConvSkip, causalConvStep } from '../../kernel/plain/causal-conv.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import { s4dDiscretise } from '../../kernel/plain/s4d-discretise.ts';
import { s4dDecay, s4dStep } from '../../kernel/plain/s4d-step.ts';
import type { Cell } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import { f32, type State } from '../state.ts';
import { h3FftForm } from './fft.ts';
import { h3Products, h3Read } from './mix.ts';
import { type H3Config, type H3Layout, type H3Params, h3Heads } from './params.ts';

/** dIn = dOut = dModel. @throws ERR_CONFIG_INVALID */
export function h3Cell(config: H3Config, params: H3Params): Cell<H3Layout> {
  const { dModel, dState, headDim, method } = config;
  const heads = h3Heads(config);
  const modes = dState / 2;
  const lanes = dModel * headDim; // heads * d * d
  const layout: H3Layout = {
    shift: f32(dModel, dState - 1),
    hRe: f32(heads, headDim, headDim, modes),
    hIm: f32(heads, headDim, headDim, modes),
  };
  // A head's SSM serves its d * d lanes: spelled out once, so that the S4D kernel runs over all lanes.
  const wide = (perHead: ArrayLike<number>, size: number): Float64Array =>
    Float64Array.from(
      { length: lanes * size },
      (_, i) => perHead[Math.floor(i / (size * headDim * headDim)) * size + (i % size)]!,
    );
  const transition = s4dDiscretise(method, wide(params.dt, 1), wide(params.ARe, modes), wide(params.AIm, modes));
  const CRe = Float32Array.from(wide(params.CRe, modes));
  const CIm = Float32Array.from(wide(params.CIm, modes));
  const D = Float32Array.from(wide(params.D, 1));

  const projected = new Float32Array(3 * dModel);
  const keys = projected.subarray(dModel, 2 * dModel);
  const noBias = new Float32Array(dModel);
  const products = new Float32Array(lanes);
  const recalled = new Float32Array(lanes);
  const mixed = new Float32Array(dModel);

  const step = ({ at }: State<H3Layout>, x: Float32Array, y: Float32Array): void => {
    matvec(params.qkvWeight, x, projected, 3 * dModel, dModel, params.qkvBias);
    causalConvStep(at.shift, keys, params.shiftTaps, noBias, keys, dModel, dState);
    h3Products(projected, 0, headDim, dModel, products);
    s4dStep(at.hRe, at.hIm, products, recalled, transition, CRe, CIm, D);
    h3Read(projected, 0, recalled, headDim, dModel, mixed);
    matvec(params.outWeight, mixed, y, dModel, dModel, params.outBias);
  };

  return {
    kind: 'h3',
    dIn: dModel,
    dOut: dModel,
    layout,
    contextRows: Infinity,
    flops: 8 * dModel * dModel + 2 * dModel * dState + lanes * (7 * dState + 6),
    init(state) {
      state.bytes.fill(0);
    },
    step,
    scan: scanBySteps({ dIn: dModel, dOut: dModel, step }),
    forms: { fft: h3FftForm(config, params) },
    // A row without input: a key of zero enters the shift SSM (not the bias of k_proj), and h decays.
    skip({ at }, rows) {
      causalConvSkip(at.shift, dModel, dState, rows);
      s4dDecay(at.hRe, at.hIm, transition, rows);
    },
  };
}
