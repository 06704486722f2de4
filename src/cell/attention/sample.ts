// A small layer with random weights, for the laws and for trying things out. The window is 4 + seed rows. Odd seeds are a
// plain Mistral layer; even seeds have every option: half rotation, biases, normed heads, a gate; seeds 3, 6, 9 .. keep int8.

import type { Tensor, Weights } from '../../weights/tensor.ts';
import { seededRandom } from '../seeded-random.ts';
import type { AttentionConfig } from './params.ts';

const EVERYTHING = {
  rotaryFactor: 0.5,
  biases: ['q', 'k', 'v', 'o'],
  qkNorm: { eps: 1e-6, plusOne: true },
  outputGate: true,
} as const satisfies Partial<AttentionConfig>;

export function sampleAttention(seed: number): { readonly weights: Weights; readonly config: AttentionConfig } {
  const config: AttentionConfig = {
    ...{ dModel: 4, heads: 2, kvHeads: 1, headDim: 4, window: 4 + seed, theta: 10_000 },
    ...(seed % 2 === 0 && EVERYTHING),
    ...(seed % 3 === 0 && { cache: 'int8' }),
  };
  const { dModel, headDim } = config;
  const random = seededRandom(seed);
  const weights = new Map<string, Tensor>();
  const put = (name: string, ...shape: number[]): void => {
    const length = shape.reduce((product, size) => product * size, 1);
    weights.set(name, { shape, data: Float32Array.from({ length }, random) });
  };
  const wide = config.heads * headDim;
  const narrow = config.kvHeads * headDim;
  const asked = config.outputGate ? 2 * wide : wide;
  put('q_proj.weight', asked, dModel);
  put('k_proj.weight', narrow, dModel);
  put('v_proj.weight', narrow, dModel);
  put('o_proj.weight', dModel, wide);
  if (config.biases) {
    for (const [name, rows] of Object.entries({ q: asked, k: narrow, v: narrow, o: dModel })) {
      put(`${name}_proj.bias`, rows);
    }
  }
  if (config.qkNorm) for (const name of ['q', 'k']) put(`${name}_norm.weight`, headDim);
  return { weights, config };
}
