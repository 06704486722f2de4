// Small mixers with random weights, for the laws and for trying things out: odd seeds in flash-linear-attention's naming, even
// ones in Qwen3-Next's. Beyond seed 1 two value heads share a key head, and seed 3 has beta up to 2.

import type { Tensor, Weights } from '../../weights/tensor.ts';
import { seededRandom } from '../seeded-random.ts';
import type { GatedDeltaNaming } from './naive.ts';
import { type GatedDeltaConfig, type GatedDeltaParams, gatedDeltaWidths } from './params.ts';
import { readGatedDeltaFla } from './read-fla.ts';
import { readGatedDeltaQwen3Next } from './read-qwen3-next.ts';

export interface GatedDeltaSample {
  readonly naming: GatedDeltaNaming;
  readonly config: GatedDeltaConfig;
  readonly weights: Weights;
  readonly params: GatedDeltaParams;
}

export function sampleGatedDelta(seed: number): GatedDeltaSample {
  const naming = seed % 2 === 0 ? 'qwen3-next' : 'fla';
  const config: GatedDeltaConfig = {
    dModel: 3,
    keyHeads: seed === 1 ? 1 : 2,
    valueHeads: seed === 1 ? 1 : 4,
    headKDim: 2,
    headVDim: 3,
    dConv: 4,
    eps: 1e-5,
    allowNegEigval: seed === 3,
  };
  const weights = naming === 'fla' ? flaWeights(seed, config) : qwen3NextWeights(seed, config);
  const read = naming === 'fla' ? readGatedDeltaFla : readGatedDeltaQwen3Next;
  return { naming, config, weights, params: read(weights, '', config) };
}

function flaWeights(seed: number, config: GatedDeltaConfig): Weights {
  const { keys, values } = gatedDeltaWidths(config);
  const { dModel, valueHeads, headVDim, dConv } = config;
  const { put, weights } = maker(seed);
  for (const name of ['q', 'k']) {
    put(`${name}_proj.weight`, [keys, dModel]);
    put(`${name}_conv1d.weight`, [keys, 1, dConv], 0.5, 0.3);
  }
  put('v_proj.weight', [values, dModel]);
  put('v_conv1d.weight', [values, 1, dConv], 0.5, 0.3);
  put('g_proj.weight', [values, dModel]);
  put('b_proj.weight', [valueHeads, dModel]);
  put('a_proj.weight', [valueHeads, dModel]);
  put('o_norm.weight', [headVDim], 0.2, 1);
  put('o_proj.weight', [dModel, values]);
  putDecay(put, valueHeads);
  return weights;
}

function qwen3NextWeights(seed: number, config: GatedDeltaConfig): Weights {
  const { keys, values, dMixed } = gatedDeltaWidths(config);
  const { dModel, valueHeads, headVDim, dConv } = config;
  const { put, weights } = maker(seed);
  put('in_proj_qkvz.weight', [2 * keys + 2 * values, dModel]);
  put('in_proj_ba.weight', [2 * valueHeads, dModel]);
  put('conv1d.weight', [dMixed, 1, dConv], 0.5, 0.3);
  put('norm.weight', [headVDim], 0.2, 1);
  put('out_proj.weight', [dModel, values]);
  putDecay(put, valueHeads);
  return weights;
}

type Put = (name: string, shape: number[], scale?: number, centre?: number) => void;

function putDecay(put: Put, valueHeads: number): void {
  put('A_log', [valueHeads], 1);
  put('dt_bias', [valueHeads], 1, -3); // g about -0.05: memories of some twenty rows
}

function maker(seed: number): { readonly put: Put; readonly weights: Map<string, Tensor> } {
  const random = seededRandom(seed);
  const weights = new Map<string, Tensor>();
  const put: Put = (name, shape, scale = 1, centre = 0) => {
    const length = shape.reduce((product, size) => product * size, 1);
    weights.set(name, { shape, data: Float32Array.from({ length }, () => centre + scale * random()) });
  };
  return { put, weights };
}
