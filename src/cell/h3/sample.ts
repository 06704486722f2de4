// A small H3 mixer with random weights, for the laws and for trying things out. Even seeds have heads of two channels.

import { log } from '../../base/math.ts';
import type { Tensor, Weights } from '../../weights/tensor.ts';
import { seededRandom } from '../seeded-random.ts';
import { type H3Config, h3Heads } from './params.ts';

export function sampleH3(seed: number): { readonly weights: Weights; readonly config: H3Config } {
  const headDim = seed % 2 === 0 ? 2 : 1;
  const config: H3Config = { dModel: 4, dState: 8, headDim, copies: 2, method: seed % 3 === 0 ? 'zoh' : 'bilinear' };
  const heads = h3Heads(config);
  const [D, N] = [config.dModel, config.dState];
  const random = seededRandom(seed);
  const weights = new Map<string, Tensor>();
  const put = (name: string, shape: number[], value: (i: number) => number): void => {
    const length = shape.reduce((product, size) => product * size, 1);
    weights.set(name, { shape, data: Float32Array.from({ length }, (_, i) => value(i)) });
  };
  for (const name of ['q_proj', 'k_proj', 'v_proj', 'output_linear']) {
    put(`${name}.weight`, [D, D], () => random() * 0.8);
    put(`${name}.bias`, [D], () => random() * 0.2);
  }
  // B of the shift SSM near (1, 0, ..), where training starts it.
  put('ssm_k_kernel.kernel.B', [D, N], (i) => (i % N === 0 ? 1 : 0.1 * random()));
  put('ssm_k_kernel.kernel.C', [1, D, N], () => 0.5 * random());
  put('ssm_k_D', [D], random);
  put('kernel.kernel.log_dt', [heads], () => log(0.03) + random() * log(3)); // 0.01 to 0.1
  put('kernel.kernel.inv_A_real', [2, N / 2], () => log(0.5) + 0.3 * random());
  put('kernel.kernel.A_imag', [2, N / 2], (i) => Math.PI * (i % (N / 2)));
  put('kernel.kernel.B', [2, N / 2, 2], (i) => (i % 2 === 0 ? 1 : 0) + 0.2 * random());
  put('kernel.kernel.C', [1, heads, N / 2, 2], random);
  put('D', [heads], random);
  return { weights, config };
}
