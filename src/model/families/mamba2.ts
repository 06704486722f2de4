// Mamba-2 checkpoints (state-spaces/mamba2-* converted, Mamba-Codestral-7B): model_type "mamba2". The names are Mamba's.
// The gated norm is over the whole row, as transformers has it; mamba-ssm's is over each group, which differs when
// n_groups > 1.

import { mamba2Cell } from '../../cell/mamba2/index.ts';
import type { ConfigReader } from '../../weights/config-reader.ts';
import { tensor } from '../../weights/tensor.ts';
import type { Family } from '../family.ts';
import { readEps, readSizes, readWidth } from '../fields.ts';
import { readEnds, stackBody } from '../stack-body.ts';

export const mamba2: Family = (weights, config) => {
  const sizes = readSizes(config);
  const { dModel } = sizes;
  const eps = readEps(config, 'layer_norm_epsilon', 1e-5);
  config.oneOf('hidden_act', ['silu'], 'silu');
  const mixer = {
    dModel,
    dState: readWidth(config, 'state_size'),
    dConv: readWidth(config, 'conv_kernel'),
    expand: readWidth(config, 'expand', 2),
    headDim: readWidth(config, 'head_dim'),
    nGroups: readWidth(config, 'n_groups'),
    eps,
    dtLimit: readLimit(config),
    convBias: config.flag('use_conv_bias', true),
    projBias: config.flag('use_bias', false),
  };
  const heads = (mixer.expand * dModel) / mixer.headDim;
  if (readWidth(config, 'num_heads', heads) !== heads) throw config.wrong('num_heads', `expand hidden_size / head_dim`);
  const ends = readEnds(weights, config, sizes, ['backbone.embeddings.weight', 'backbone.embedding.weight']);
  const blocks = Array.from({ length: sizes.layers }, (_, i) => {
    const layer = `backbone.layers.${i}`;
    return {
      norm: tensor(weights, `${layer}.norm.weight`, [dModel]),
      mixer: mamba2Cell(weights, `${layer}.mixer.`, mixer),
      names: { mixer: `${layer}.mixer` },
    };
  });
  const finalNorm = tensor(weights, 'backbone.norm_f.weight', [dModel]);
  return stackBody({ dModel, eps, blocks, finalNorm }, ends, 'first block');
};

function readLimit(config: ConfigReader): readonly [number, number] {
  const [low, high, ...more] = config.numbers('time_step_limit', [0, Infinity]);
  if (low === undefined || high === undefined || more.length > 0) throw config.wrong('time_step_limit', '[low, high]');
  return [low, high];
}
