// Linear attention with the feature map elu + 1 and a normaliser, one row at a time (Katharopoulos et al. 2020, 2006.16236).
//   q, k, v = W x;   S += phi(k) (outer) v;   z += phi(k);   y = o_proj( phi(q) S / (phi(q) . z + eps) )
// A running weighted mean over everything ever seen: nothing decays. Slow twin: naive.ts. Chunks: chunked.ts.

import { eluPlusOne, linearAttentionStep } from '../../kernel/plain/linear-attention-step.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import type { Weights } from '../../weights/tensor.ts';
import type { Cell } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import { f64, type State } from '../state.ts';
import { chunkedForm, type LinearAttentionLayout } from './chunked.ts';
import { lowerLinearAttention } from './lower.ts';
import { type LinearAttentionConfig, readLinearAttention } from './params.ts';

/**
 * A layer with the tensors under `prefix`, for instance `model.layers.0.attn.`; dIn = dOut = dModel.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function linearAttentionCell(
  weights: Weights,
  prefix: string,
  config: LinearAttentionConfig,
): Cell<LinearAttentionLayout> {
  const params = readLinearAttention(weights, prefix, config);
  const { dModel, heads, headKDim, headVDim, eps } = config;
  const [keys, values] = [heads * headKDim, heads * headVDim];
  const layout: LinearAttentionLayout = { S: f64(heads, headVDim, headKDim), z: f64(heads, headKDim) };
  const projected = new Float32Array(keys);
  const q = new Float64Array(keys);
  const k = new Float64Array(keys);
  const v = new Float32Array(values);
  const mixed = new Float32Array(values);

  /** x [dModel] into phi(q), phi(k) and v. */
  const read = (x: Float32Array): void => {
    matvec(params.q, x, projected, keys, dModel);
    for (let i = 0; i < keys; i++) q[i] = eluPlusOne(projected[i]!);
    matvec(params.k, x, projected, keys, dModel);
    for (let i = 0; i < keys; i++) k[i] = eluPlusOne(projected[i]!);
    matvec(params.v, x, v, values, dModel);
  };
  const write = (row: Float32Array, y: Float32Array): void => matvec(params.o, row, y, dModel, values);
  const step = ({ at }: State<LinearAttentionLayout>, x: Float32Array, y: Float32Array): void => {
    read(x);
    linearAttentionStep(at.S, at.z, q, k, v, mixed, eps, config);
    write(mixed, y);
  };

  return {
    kind: 'linear-attention',
    dIn: dModel,
    dOut: dModel,
    layout,
    contextRows: Infinity,
    flops: 4 * dModel * (keys + values) + 4 * keys * (headVDim + 1),
    init(state) {
      state.bytes.fill(0);
    },
    step,
    scan: scanBySteps({ dIn: dModel, dOut: dModel, step }),
    lower: (simd, region) => lowerLinearAttention(params, config, layout, simd, region),
    forms: { chunked: chunkedForm({ read, write, q, k, v }, config) },
    // The sums have no clock: a row that did not come was not said.
    skip() {},
  };
}
