// Small experts with random weights, for the laws and for trying things out. Seeds 1 to 4 are the four families in turn:
// JetMoE, Mixtral, Jamba, Qwen3-Next; then again.

import type { Tensor, Weights } from '../../weights/tensor.ts';
import { seededRandom } from '../seeded-random.ts';
import type { MoeConfig, MoeFamily } from './params.ts';

const FAMILIES = ['jetmoe', 'mixtral', 'jamba', 'qwen3-next'] as const satisfies readonly MoeFamily[];

export function sampleMoe(seed: number): { readonly weights: Weights; readonly config: MoeConfig } {
  const family = FAMILIES[(seed + 3) % 4]!;
  const config: MoeConfig = { family, dModel: 4, dHidden: 6, experts: 5, chosen: 2, sharedHidden: 3 };
  const random = seededRandom(seed);
  const weights = new Map<string, Tensor>();
  const put = (name: string, ...shape: number[]): void => {
    const length = shape.reduce((product, size) => product * size, 1);
    weights.set(name, { shape, data: Float32Array.from({ length }, random) });
  };
  const { dModel: D, dHidden: I, experts: E } = config;
  const mlp = (name: string, hidden: number, [gate, up, down]: readonly [string, string, string]): void => {
    put(`${name}.${gate}.weight`, hidden, D);
    put(`${name}.${up}.weight`, hidden, D);
    put(`${name}.${down}.weight`, D, hidden);
  };
  if (family === 'jetmoe') {
    put('router.layer.weight', E, D);
    put('input_linear.weight', E, 2 * I, D);
    put('output_linear.weight', E, D, I);
    put('bias', D);
    return { weights, config };
  }
  put(family === 'jamba' ? 'router.weight' : 'gate.weight', E, D);
  const parts = family === 'mixtral' ? (['w1', 'w3', 'w2'] as const) : PARTS;
  for (let e = 0; e < E; e++) mlp(`experts.${e}`, I, parts);
  if (family === 'qwen3-next') {
    mlp('shared_expert', 3, PARTS);
    put('shared_expert_gate.weight', 1, D);
  }
  return { weights, config };
}

const PARTS = ['gate_proj', 'up_proj', 'down_proj'] as const;
