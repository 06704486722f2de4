// A small Hyena operator with random weights, for the laws and for trying things out. Windows of 12, 40 and 150 taps take
// turns: the first sums every block directly, the others use FFTs.

import { cos, log, sin } from '../../base/math.ts';
import type { Tensor, Weights } from '../../weights/tensor.ts';
import { seededRandom } from '../seeded-random.ts';
import type { HyenaConfig } from './params.ts';

export function sampleHyena(seed: number): { readonly weights: Weights; readonly config: HyenaConfig } {
  const config: HyenaConfig = {
    dModel: 2,
    lMax: [150, 12, 40][seed % 3]!,
    order: seed % 2 === 0 ? 3 : 2,
    filterOrder: 6,
    innerMlps: 1,
    embDim: 5,
    filterLayout: seed % 4 === 0 ? 'channel-first' : 'order-first',
  };
  return { config, weights: randomHyena(config, seed) };
}

/** Random weights for `config`, with upstream's positions and decays. */
export function randomHyena(config: HyenaConfig, seed: number): Weights {
  const { dModel, lMax, order, filterOrder, innerMlps, embDim } = config;
  const lanes = (order - 1) * dModel;
  const width = (order + 1) * dModel;
  const random = seededRandom(seed);
  const weights = new Map<string, Tensor>();
  const put = (name: string, shape: number[], value: (i: number) => number): void => {
    const length = shape.reduce((product, size) => product * size, 1);
    weights.set(name, { shape, data: Float32Array.from({ length }, (_, i) => value(i)) });
  };
  put('in_proj.weight', [width, dModel], random);
  put('in_proj.bias', [width], () => 0.3 * random());
  put('short_filter.weight', [width, 1, 3], random);
  put('short_filter.bias', [width], () => 0.3 * random());
  put('out_proj.weight', [dModel, dModel], random);
  put('out_proj.bias', [dModel], random);
  put('filter_fn.bias', [lanes], random);
  put('filter_fn.implicit_filter.1.freq', [1, filterOrder], () => 3);
  for (let j = 0; j <= innerMlps; j++) {
    put(`filter_fn.implicit_filter.${2 * j}.weight`, [filterOrder, j === 0 ? embDim : filterOrder], random);
    put(`filter_fn.implicit_filter.${2 * j}.bias`, [filterOrder], random);
  }
  put(`filter_fn.implicit_filter.${2 * innerMlps + 2}.weight`, [lanes, filterOrder], () => 0.3 * random());
  const bands = (embDim - 1) / 2;
  put('filter_fn.pos_emb.t', [1, lMax, 1], (i) => i / Math.max(1, lMax - 1));
  put('filter_fn.pos_emb.z', [1, lMax, embDim], (i) => {
    const [row, k] = [Math.floor(i / embDim), i % embDim];
    if (k === 0) return row / Math.max(1, lMax - 1);
    const band = (k - 1) % bands;
    const frequency = bands === 1 ? 1e-4 : 1e-4 + (band * (bands - 1 - 1e-4)) / (bands - 1);
    const angle = (2 * Math.PI * frequency * row) / lMax;
    return k <= bands ? cos(angle) : -sin(angle);
  });
  const [slow, fast] = [log(0.01) / 1.5, log(0.01) / 0.3];
  put('filter_fn.modulation.deltas', [1, 1, lanes], (i) => slow + ((fast - slow) * i) / Math.max(1, lanes - 1));
  return weights;
}
