// Models of round sizes with random weights, where speed is asked and answers are not: one Mamba-2 layer and one attention
// layer, 64 wide, and the whole model that figures of other projects are often told for: 4 Mamba-2 layers, N = 16.

import { attentionCell } from '../../cell/attention/index.ts';
import type { Cell } from '../../cell/cell.ts';
import { mamba2Cell } from '../../cell/mamba2/index.ts';
import { seededRandom } from '../../cell/seeded-random.ts';
import type { Model, Tensor, Weights } from '../../weights/tensor.ts';

export const WIDTH = 64;
const LAYERS = 4;
const D_IN = 40;
const [D_STATE, D_CONV, EXPAND, HEAD_DIM] = [16, 4, 2, 16];
const INNER = EXPAND * WIDTH;
const HEADS = INNER / HEAD_DIM;
const MIXED = INNER + 2 * D_STATE;

const mamba2Shapes = (prefix: string): Record<string, readonly number[]> => ({
  [`${prefix}in_proj.weight`]: [INNER + MIXED + HEADS, WIDTH],
  [`${prefix}conv1d.weight`]: [MIXED, 1, D_CONV],
  [`${prefix}conv1d.bias`]: [MIXED],
  [`${prefix}dt_bias`]: [HEADS],
  [`${prefix}A_log`]: [HEADS],
  [`${prefix}D`]: [HEADS],
  [`${prefix}norm.weight`]: [INNER],
  [`${prefix}out_proj.weight`]: [WIDTH, INNER],
});

function randomWeights(shapes: Readonly<Record<string, readonly number[]>>): Weights {
  const random = seededRandom(1);
  const weights = new Map<string, Tensor>();
  for (const [name, shape] of Object.entries(shapes)) {
    const length = shape.reduce((product, size) => product * size, 1);
    weights.set(name, { shape, data: Float32Array.from({ length }, () => random() / 8) });
  }
  return weights;
}

export function mamba2Layer(): Cell {
  const sizes = { dModel: WIDTH, dState: D_STATE, dConv: D_CONV, expand: EXPAND, headDim: HEAD_DIM, nGroups: 1 };
  return mamba2Cell(randomWeights(mamba2Shapes('')), '', { ...sizes, eps: 1e-5, dtLimit: [0, Infinity] }) as Cell;
}

/** Full causal attention: the window is as long as the stream. 4 heads of 16. */
export function attentionLayer(window: number): Cell {
  const shapes = ['q', 'k', 'v', 'o'].map((name) => [`${name}_proj.weight`, [WIDTH, WIDTH]] as const);
  const sizes = { dModel: WIDTH, heads: 4, kvHeads: 4, headDim: WIDTH / 4 };
  return attentionCell(randomWeights(Object.fromEntries(shapes)), '', { ...sizes, window, theta: 10_000 }) as Cell;
}

/** 40 values in, one out, through 4 Mamba-2 layers 64 wide: can be built and exported as the shipped models can. */
export function referenceModel(): Model {
  const layers = Array.from({ length: LAYERS }, (_, i) => ({
    ...mamba2Shapes(`backbone.layers.${i}.mixer.`),
    [`backbone.layers.${i}.norm.weight`]: [WIDTH],
  }));
  return {
    id: 'reference',
    name: `mamba2 ${LAYERS}x${WIDTH}, random weights`,
    config: {
      ...{ model_type: 'mamba2', hidden_size: WIDTH, num_hidden_layers: LAYERS, state_size: D_STATE },
      ...{ conv_kernel: D_CONV, expand: EXPAND, head_dim: HEAD_DIM, n_groups: 1, layer_norm_epsilon: 1e-5 },
      millrace: { ends: { embed: 'embed', head: 'head', activation: 'sigmoid' } },
    },
    weights: randomWeights({
      ...Object.assign({}, ...layers),
      'backbone.norm_f.weight': [WIDTH],
      'embed.weight': [WIDTH, D_IN],
      'embed.bias': [WIDTH],
      'head.weight': [1, WIDTH],
      'head.bias': [1],
    }),
  };
}
