// A small layer with random weights, for the laws and for trying things out. Odd seeds are strided, even ones fixed; a
// stream of 10 + seed rows is declared, three rows are local.

import type { Tensor, Weights } from '../../weights/tensor.ts';
import { seededRandom } from '../seeded-random.ts';
import type { SparseAttentionConfig } from './params.ts';

export function sampleSparseAttention(seed: number): {
  readonly weights: Weights;
  readonly config: SparseAttentionConfig;
} {
  const config: SparseAttentionConfig = {
    ...{ dModel: 4, heads: 2, kvHeads: 1, headDim: 2, theta: 100 },
    ...{ pattern: seed % 2 === 1 ? 'strided' : 'fixed', stride: 3, summaries: 1 + (seed % 3), rowsMax: 10 + seed },
  };
  const random = seededRandom(seed);
  const weights = new Map<string, Tensor>();
  const put = (name: string, m: number, k: number): void => {
    weights.set(`${name}.weight`, { shape: [m, k], data: Float32Array.from({ length: m * k }, random) });
  };
  put('q_proj', 4, 4);
  put('k_proj', 2, 4);
  put('v_proj', 2, 4);
  put('o_proj', 4, 4);
  return { weights, config };
}
