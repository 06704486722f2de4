// A gated DeltaNet mixer from a Qwen3-Next checkpoint. in_proj_qkvz and in_proj_ba are grouped by key head: the rows of key
// head 0 (its q, its k, the v and the z of the value heads that read it) come before those of key head 1. Here they are put
// in the cell's order. conv1d's channels are not grouped: all q, all k, all v.

import { exp } from '../../base/math.ts';
import { tensor, type Weights } from '../../weights/tensor.ts';
import { type GatedDeltaConfig, type GatedDeltaParams, gatedDeltaWidths } from './params.ts';

/**
 * The tensors under `prefix`, for instance `model.layers.0.linear_attn.`. `allowNegEigval` must be false upstream.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function readGatedDeltaQwen3Next(weights: Weights, prefix: string, config: GatedDeltaConfig): GatedDeltaParams {
  const { keys, values, dMixed } = gatedDeltaWidths(config);
  const { dModel, keyHeads, valueHeads, headKDim, headVDim, dConv } = config;
  const read = (name: string, ...shape: number[]): Float32Array => tensor(weights, prefix + name, shape);
  const shared = valueHeads / keyHeads;
  const [qkvz, ba] = [
    ungroup(read('in_proj_qkvz.weight', 2 * keys + 2 * values, dModel), keyHeads, dModel, [
      headKDim,
      headKDim,
      shared * headVDim,
      shared * headVDim,
    ]),
    ungroup(read('in_proj_ba.weight', 2 * valueHeads, dModel), keyHeads, dModel, [shared, shared]),
  ];
  const inProj = new Float32Array(qkvz.length + ba.length);
  inProj.set(qkvz);
  inProj.set(ba, qkvz.length);
  return {
    inProj,
    convWeight: read('conv1d.weight', dMixed, 1, dConv),
    A: Float64Array.from(read('A_log', valueHeads), (value) => -exp(value)),
    dtBias: read('dt_bias', valueHeads),
    normWeight: read('norm.weight', headVDim),
    outProj: read('out_proj.weight', dModel, values),
  };
}

/** Rows grouped [group][part][row of part] -> [part][group][row of part]; a row is `width` numbers, sizes are rows a part. */
function ungroup(w: Float32Array, groups: number, width: number, sizes: readonly number[]): Float32Array {
  const ordered = new Float32Array(w.length);
  const perGroup = sizes.reduce((sum, size) => sum + size, 0);
  let before = 0; // rows of the parts before this one, in a group
  for (const size of sizes) {
    for (let group = 0; group < groups; group++) {
      const from = (group * perGroup + before) * width;
      ordered.set(w.subarray(from, from + size * width), (groups * before + group * size) * width);
    }
    before += size;
  }
  return ordered;
}
