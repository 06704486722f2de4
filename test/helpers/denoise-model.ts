// Denoisers with random weights, whole as train/ writes them: config with front end and heads, and tensors. For tests of what
// lies around a model, and for its cost, which does not depend on the weights.

import { seededRandom } from '../../src/cell/seeded-random.ts';
import type { Model, Tensor } from '../../src/weights/tensor.ts';
import { randomTensors } from './write-checkpoint.ts';

export interface DenoiseShape {
  readonly width: number;
  readonly layers: number;
  readonly expand: number;
  readonly state: number;
  readonly headDim: number;
  readonly attention: {
    readonly heads: number;
    readonly headDim: number;
    readonly window: number;
    readonly mlp: number;
  };
  /** Bins with phase in the row, and with a filter. */
  readonly phaseBins: number;
  readonly filtered: number;
}

export const FULL: DenoiseShape = {
  ...{ width: 112, layers: 4, expand: 2, state: 32, headDim: 32, phaseBins: 161, filtered: 80 },
  attention: { heads: 4, headDim: 28, window: 100, mlp: 112 },
};
export const SMALL: DenoiseShape = {
  ...{ width: 48, layers: 3, expand: 2, state: 16, headDim: 16, phaseBins: 32, filtered: 32 },
  attention: { heads: 4, headDim: 12, window: 100, mlp: 50 },
};
/** Ragged, for laws: nothing divides by four that need not. */
export const TINY: DenoiseShape = {
  ...{ width: 16, layers: 2, expand: 2, state: 4, headDim: 8, phaseBins: 7, filtered: 5 },
  attention: { heads: 2, headDim: 8, window: 6, mlp: 10 },
};

const BINS = 161;
const TAPS = 3;

export const FRONTEND = {
  ...{ type: 'level-spectrum', sample_rate: 16_000, hop: 160, window_length: 320, window: 'sqrt-hann-periodic' },
  ...{ fft: 320, bins: BINS, level_keep: 0.99, level_floor: 1e-7, power_floor: 1e-6, compression: 0.3 },
};

export function headsOf(filtered: number) {
  const part = TAPS * filtered;
  return {
    gain: [0, BINS],
    filter_re: [BINS, BINS + part],
    filter_im: [BINS + part, BINS + 2 * part],
    speech: [BINS + 2 * part, BINS + 2 * part + 1],
    ...{ filter_taps: TAPS, filter_bins: filtered, span: 2 },
  };
}

/** @param head what the head's bias is beside random weights; 'identity': zero weights, gain 1 and no filter; 'silent': gain 0 */
export function denoiseModel(
  shape: DenoiseShape,
  {
    cell = 'ssm',
    seed = 1,
    head = 'random',
    activation = 'sigmoid',
  }: Partial<Record<'cell' | 'head' | 'activation', string>> & { seed?: number } = {},
): Model {
  const outputs = BINS + 2 * TAPS * shape.filtered + 1;
  const [inputs, width] = [BINS + 2 * shape.phaseBins, shape.width];
  const body = cell === 'ssm' ? ssm(shape) : attention(shape);
  const weights = new Map<string, Tensor>(randomTensors(body.shapes, seed, centre, 0.3));
  const random = seededRandom(seed + 1);
  const fill = (name: string, dims: number[], value: () => number): void => {
    const length = dims.reduce((product, size) => product * size, 1);
    weights.set(name, { shape: dims, data: Float32Array.from({ length }, value) });
  };
  fill('embed.weight', [width, inputs], () => random() / 10);
  fill('embed.bias', [width], random);
  fill('head.weight', [outputs, width], () => (head === 'random' ? random() : 0));
  fill('head.bias', [outputs], () => 0);
  if (head !== 'random') weights.get('head.bias')!.data.fill(head === 'silent' ? -40 : 40, 0, BINS);
  return {
    id: `random ${cell} ${seed} ${head} ${width}`,
    name: 'random denoiser',
    config: {
      ...body.config,
      millrace: {
        ...{ task: 'denoise', frontend: FRONTEND, heads: headsOf(shape.filtered) },
        ends: { embed: 'embed', head: 'head', activation },
      },
    },
    weights,
  };
}

/** Norms around 1, decays and skips as usual, everything else around 0. */
const centre = (name: string): number => (/norm[^.]*\.weight$|\.D$/.test(name) ? 1 : 0);

function ssm({ width, layers, expand, state, headDim }: DenoiseShape) {
  const inner = expand * width;
  const [heads, mixed] = [inner / headDim, inner + 2 * state];
  const shapes: Record<string, readonly number[]> = { 'backbone.norm_f.weight': [width] };
  for (let i = 0; i < layers; i++) {
    const at = `backbone.layers.${i}.`;
    shapes[`${at}norm.weight`] = [width];
    shapes[`${at}mixer.in_proj.weight`] = [inner + mixed + heads, width];
    shapes[`${at}mixer.conv1d.weight`] = [mixed, 1, 4];
    shapes[`${at}mixer.conv1d.bias`] = [mixed];
    for (const name of ['dt_bias', 'A_log', 'D']) shapes[`${at}mixer.${name}`] = [heads];
    shapes[`${at}mixer.norm.weight`] = [inner];
    shapes[`${at}mixer.out_proj.weight`] = [width, inner];
  }
  return {
    shapes,
    config: {
      ...{ model_type: 'mamba2', hidden_size: width, num_hidden_layers: layers, state_size: state, expand },
      ...{ head_dim: headDim, num_heads: heads, n_groups: 1, conv_kernel: 4, layer_norm_epsilon: 1e-5 },
      ...{ use_bias: false, use_conv_bias: true, hidden_act: 'silu' },
    },
  };
}

function attention({ width, layers, attention: { heads, headDim, window, mlp } }: DenoiseShape) {
  const shapes: Record<string, readonly number[]> = { 'model.norm.weight': [width] };
  for (let i = 0; i < layers; i++) {
    const at = `model.layers.${i}.`;
    shapes[`${at}input_layernorm.weight`] = [width];
    shapes[`${at}post_attention_layernorm.weight`] = [width];
    for (const name of ['q', 'k', 'v']) shapes[`${at}self_attn.${name}_proj.weight`] = [heads * headDim, width];
    shapes[`${at}self_attn.o_proj.weight`] = [width, heads * headDim];
    shapes[`${at}mlp.gate_proj.weight`] = [mlp, width];
    shapes[`${at}mlp.up_proj.weight`] = [mlp, width];
    shapes[`${at}mlp.down_proj.weight`] = [width, mlp];
  }
  return {
    shapes,
    config: {
      ...{ model_type: 'mistral', hidden_size: width, num_hidden_layers: layers, num_attention_heads: heads },
      ...{ num_key_value_heads: heads, head_dim: headDim, sliding_window: window, rope_theta: 10_000 },
      ...{ intermediate_size: mlp, rms_norm_eps: 1e-5, hidden_act: 'silu' },
    },
  };
}
