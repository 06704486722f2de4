// Mamba checkpoints (state-spaces/mamba-*-hf): model_type "mamba". backbone.embeddings, or backbone.embedding in the
// original files; backbone.layers.<i>.{norm,mixer}, backbone.norm_f. Falcon Mamba is the same with norms inside its mixers.

import { type MambaConfig, mambaCell } from '../../cell/mamba/index.ts';
import { tensor } from '../../weights/tensor.ts';
import type { Family, FamilyBody } from '../family.ts';
import { readEps, readSizes, readWidth } from '../fields.ts';
import { readEnds, stackBody } from '../stack-body.ts';

export const mamba: Family = (weights, config) => buildMamba(weights, config);

/** @param selectNorm the norm of r, B and C in the mixers, where a family has one */
export function buildMamba(
  weights: Parameters<Family>[0],
  config: Parameters<Family>[1],
  selectNorm?: NonNullable<MambaConfig['selectNorm']>,
): FamilyBody {
  const sizes = readSizes(config);
  const { dModel } = sizes;
  const eps = readEps(config, 'layer_norm_epsilon', 1e-5);
  config.oneOf('hidden_act', ['silu'], 'silu');
  const mixer: MambaConfig = {
    dModel,
    dInner: config.has('intermediate_size')
      ? readWidth(config, 'intermediate_size')
      : dModel * readWidth(config, 'expand', 2),
    dState: readWidth(config, 'state_size'),
    dConv: readWidth(config, 'conv_kernel'),
    dtRank: readWidth(config, 'time_step_rank'),
    convBias: config.flag('use_conv_bias', true),
    projBias: config.flag('use_bias', false),
    ...(selectNorm && { selectNorm }),
  };
  const ends = readEnds(weights, config, sizes, ['backbone.embeddings.weight', 'backbone.embedding.weight']);
  const blocks = Array.from({ length: sizes.layers }, (_, i) => {
    const layer = `backbone.layers.${i}`;
    return {
      norm: tensor(weights, `${layer}.norm.weight`, [dModel]),
      mixer: mambaCell(weights, `${layer}.mixer.`, mixer),
      names: { mixer: `${layer}.mixer` },
    };
  });
  const finalNorm = tensor(weights, 'backbone.norm_f.weight', [dModel]);
  return stackBody({ dModel, eps, blocks, finalNorm }, ends, 'first block');
}
