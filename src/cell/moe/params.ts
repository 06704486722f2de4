// Parameters of a mixture of experts under the names of four families. Whatever the file looks like, the cell gets the same
// thing: a router and for each expert a gate, an up and a down matrix. Checked once at load; the cell trusts what it gets.
//   jetmoe      router.layer.weight, input_linear.weight [E, 2I, D] (gate first), output_linear.weight [E, D, I], bias [D]
//   mixtral     gate.weight, experts.<e>.{w1,w3,w2}.weight (gate, up, down)
//   jamba       router.weight, experts.<e>.{gate,up,down}_proj.weight
//   qwen3-next  gate.weight, experts as Jamba, shared_expert.{gate,up,down}_proj.weight, shared_expert_gate.weight [1, D]
// Jamba and Qwen3-Next are also read in the fused form of transformers 5: experts.{gate_up_proj,down_proj} [E, ...].

import { engineError } from '../../base/errors.ts';
import type { GatedMlpWeights } from '../../kernel/plain/gated-mlp.ts';
import type { RouterRule } from '../../kernel/plain/moe-router.ts';
import { tensor, type Weights } from '../../weights/tensor.ts';

export type MoeFamily = 'jetmoe' | 'mixtral' | 'jamba' | 'qwen3-next';

export interface MoeConfig {
  readonly family: MoeFamily;
  readonly dModel: number;
  /** I: width inside an expert. */
  readonly dHidden: number;
  /** E. */
  readonly experts: number;
  /** Experts that run for a row: from 1 to E. */
  readonly chosen: number;
  /** Width inside the shared expert of Qwen3-Next, which always runs. */
  readonly sharedHidden?: number;
}

export interface MoeParams {
  /** [E, D]. */
  readonly router: Float32Array;
  readonly rule: RouterRule;
  /** [I, D], [I, D], [D, I] each. */
  readonly experts: readonly GatedMlpWeights[];
  /** [D]. */
  readonly bias: Float32Array | undefined;
  readonly shared: { readonly mlp: GatedMlpWeights; readonly gate: Float32Array } | undefined;
}

/**
 * The tensors under `prefix`: `model.layers.0.mlp.` (JetMoE, Qwen3-Next), `model.layers.0.block_sparse_moe.` (Mixtral),
 * `model.layers.1.feed_forward.` (Jamba).
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function readMoe(weights: Weights, prefix: string, config: MoeConfig): MoeParams {
  checkConfig(config);
  const { family, dModel, dHidden, experts, sharedHidden = 0 } = config;
  const read = (name: string, ...shape: number[]): Float32Array => tensor(weights, prefix + name, shape);
  const plain = (name: string, hidden: number, parts = ['gate_proj', 'up_proj', 'down_proj']): GatedMlpWeights => ({
    gate: read(`${name}.${parts[0]}.weight`, hidden, dModel),
    up: read(`${name}.${parts[1]}.weight`, hidden, dModel),
    down: read(`${name}.${parts[2]}.weight`, dModel, hidden),
  });
  const each = (make: (e: number) => GatedMlpWeights) => Array.from({ length: experts }, (_, e) => make(e));
  const fused = (into: string, out: string): GatedMlpWeights[] =>
    separate(read(into, experts, 2 * dHidden, dModel), read(out, experts, dModel, dHidden), experts);
  const named = (): GatedMlpWeights[] =>
    weights.has(`${prefix}experts.gate_up_proj`)
      ? fused('experts.gate_up_proj', 'experts.down_proj')
      : each((e) => plain(`experts.${e}`, dHidden));
  const none = { bias: undefined, shared: undefined };
  switch (family) {
    case 'jetmoe': {
      const router = read('router.layer.weight', experts, dModel);
      const all = fused('input_linear.weight', 'output_linear.weight');
      return { ...none, router, rule: 'chosen', experts: all, bias: read('bias', dModel) };
    }
    case 'mixtral': {
      const all = each((e) => plain(`experts.${e}`, dHidden, ['w1', 'w3', 'w2']));
      return { ...none, router: read('gate.weight', experts, dModel), rule: 'chosen', experts: all };
    }
    case 'jamba':
      return { ...none, router: read('router.weight', experts, dModel), rule: 'all', experts: named() };
    case 'qwen3-next': {
      const shared = { mlp: plain('shared_expert', sharedHidden), gate: read('shared_expert_gate.weight', 1, dModel) };
      return { ...none, router: read('gate.weight', experts, dModel), rule: 'chosen', experts: named(), shared };
    }
  }
}

/** Views of each expert in fused tensors: [E, 2I, D], the gate's rows first, and [E, D, I]. */
function separate(into: Float32Array, out: Float32Array, experts: number): GatedMlpWeights[] {
  const size = out.length / experts;
  return Array.from({ length: experts }, (_, e) => ({
    gate: into.subarray(2 * e * size, (2 * e + 1) * size),
    up: into.subarray((2 * e + 1) * size, (2 * e + 2) * size),
    down: out.subarray(e * size, (e + 1) * size),
  }));
}

const FAMILIES: readonly MoeFamily[] = ['jetmoe', 'mixtral', 'jamba', 'qwen3-next'];

function checkConfig({ family, dModel, dHidden, experts, chosen, sharedHidden }: MoeConfig): void {
  if (!FAMILIES.includes(family)) throw invalid(`family "${family}"`, `one of: ${FAMILIES.join(', ')}`);
  const sizes = { dModel, dHidden, experts, chosen, ...(family === 'qwen3-next' && { sharedHidden }) };
  for (const [name, value] of Object.entries(sizes)) {
    if (!Number.isInteger(value) || value! < 1 || value! > SIZE_MAX) {
      throw invalid(`${name} is ${value}`, 'a whole number from 1 to 2^20');
    }
  }
  if (chosen > experts) throw invalid(`${chosen} chosen of ${experts} experts`, 'no more than there are');
}

const SIZE_MAX = 1_048_576; // 2^20

function invalid(found: string, expected: string): Error {
  return engineError('ERR_CONFIG_INVALID', `moe: ${found}`, { expected });
}
