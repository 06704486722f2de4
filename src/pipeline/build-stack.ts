// From a model folder's config and tensors to a runnable cell: picks the mixer for the model type and puts the blocks in
// a row. The only place that knows which checkpoint layout means which cell.

import { engineError } from '../base/errors.ts';
import { attentionCell } from '../cell/attention/index.ts';
import type { Cell } from '../cell/cell.ts';
import { lowerCell } from '../cell/lower-cell.ts';
import { mamba2Cell } from '../cell/mamba2/index.ts';
import { type Linear, readBody, readLinear, type StackParts, stackCell } from '../cell/stack/index.ts';
import { attentionConfigOf, mamba2ConfigOf } from '../model/read-config.ts';
import { type ConfigReader, configReader } from '../weights/config-reader.ts';
import type { Model } from '../weights/tensor.ts';
import type { Engine } from './engine.ts';

export interface BuildOptions {
  /** Absent: plain. */
  readonly engine?: Engine;
  /** Rows that attention sees, instead of the model's own `sliding_window`. */
  readonly window?: number;
  /**
   * true: a row is [what goes into the head's activation | the embedding of what goes into the head], the end that
   * config.millrace.ends.embedding names; where there is none, what goes into the head itself.
   */
  readonly trunk?: boolean;
}

/**
 * The model as one cell, with the ends that config.millrace.ends names (`embed`, `head`, `activation`).
 * @throws ERR_CONFIG_INVALID for a model type without a builder; ERR_WEIGHTS_* for tensors that do not fit
 */
export function buildStack(model: Model, options: BuildOptions = {}): Cell {
  const config = configReader(model);
  const type = config.text('model_type');
  const build = BUILDERS[type];
  if (!build) {
    throw engineError('ERR_CONFIG_INVALID', `model ${model.name} has model_type "${type}"`, {
      expected: `one of: ${Object.keys(BUILDERS).join(', ')}`,
    });
  }
  const body = build(model, config, options);
  const { embedding, ...ends } = readEnds(model, config, body.dModel);
  const cell = stackCell({ ...body, ...(options.trunk ? withTrunk(ends, embedding ?? identity(body.dModel)) : ends) });
  return options.engine?.simd ? lowerCell(cell, options.engine.simd) : cell;
}

type Builder = (model: Model, config: ConfigReader, options: BuildOptions) => StackParts;

const BUILDERS: Readonly<Record<string, Builder>> = { mamba2: buildMamba2, mistral: buildMistral };

function buildMamba2({ weights }: Model, config: ConfigReader): StackParts {
  const mixer = mamba2ConfigOf(config);
  const mixers = layers(config, (i) => mamba2Cell(weights, `backbone.layers.${i}.mixer.`, mixer));
  return readBody(weights, 'backbone', { dModel: mixer.dModel, eps: mixer.eps }, mixers);
}

function buildMistral({ weights }: Model, config: ConfigReader, options: BuildOptions): StackParts {
  const mixer = attentionConfigOf(config, options.window);
  const mixers = layers(config, (i) => attentionCell(weights, `model.layers.${i}.self_attn.`, mixer));
  const eps = config.number('rms_norm_eps');
  const dHidden = config.number('intermediate_size');
  return readBody(weights, 'model', { dModel: mixer.dModel, eps, dHidden }, mixers);
}

function layers(config: ConfigReader, make: (index: number) => Cell): Cell[] {
  return Array.from({ length: config.number('num_hidden_layers') }, (_, i) => make(i));
}

type Ends = Pick<Partial<StackParts>, 'embed' | 'head' | 'activation'> & { readonly embedding?: Linear };

function readEnds(model: Model, config: ConfigReader, dModel: number): Ends {
  if (!config.has('millrace')) return {};
  const ends = config.section('millrace').section('ends');
  const parts: { -readonly [K in keyof Ends]: Ends[K] } = {};
  if (ends.has('embed')) {
    const name = ends.text('embed');
    parts.embed = readLinear(model.weights, name, shapeOf(model, `${name}.weight`)[1] ?? 0, dModel);
  }
  for (const end of ['head', 'embedding'] as const) {
    if (!ends.has(end)) continue;
    const name = ends.text(end);
    parts[end] = readLinear(model.weights, name, dModel, shapeOf(model, `${name}.weight`)[0] ?? 0);
  }
  if (ends.has('activation')) {
    const activation = ends.text('activation');
    if (activation !== 'sigmoid' && activation !== 'none') {
      throw engineError('ERR_CONFIG_INVALID', `model ${model.name}: activation "${activation}"`, {
        expected: 'sigmoid or none',
      });
    }
    parts.activation = activation;
  }
  return parts;
}

const shapeOf = (model: Model, name: string): readonly number[] => model.weights.get(name)?.shape ?? [];

/** The ends, with the embedding behind the head's values: as more rows of the head, so that any engine gives it, to the bit. */
function withTrunk({ head, activation: _, ...ends }: Ends, embedding: Linear): Ends {
  if (!head) return ends;
  const { dIn } = head;
  const dOut = head.dOut + embedding.dOut;
  const weight = new Float32Array(dOut * dIn);
  const bias = new Float32Array(dOut);
  let row = 0;
  for (const part of [head, embedding]) {
    weight.set(part.weight, row * dIn);
    if (part.bias) bias.set(part.bias, row);
    row += part.dOut;
  }
  return { ...ends, head: { dIn, dOut, weight, bias } };
}

function identity(width: number): Linear {
  const weight = new Float32Array(width * width);
  for (let i = 0; i < width; i++) weight[i * width + i] = 1;
  return { dIn: width, dOut: width, weight };
}
