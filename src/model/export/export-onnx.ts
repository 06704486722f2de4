// A model folder as an ONNX step graph and the manifest that cell/onnx (and anybody's own runner) drives it by: one row in,
// one row out, every state tensor explicit, the batch axis free. For the model types of Millrace's own models.

import { engineError } from '../../base/errors.ts';
import type { GatedMlpWeights } from '../../kernel/plain/gated-mlp.ts';
import { type ConfigReader, configReader } from '../../weights/config-reader.ts';
import { type Model, tensor } from '../../weights/tensor.ts';
import { encodeOnnx } from '../../wire/onnx-schema.ts';
import { attentionConfigOf, mamba2ConfigOf } from '../read-config.ts';
import { GraphBuilder, type Value } from './graph-builder.ts';
import {
  attentionGraph,
  type MixerGraph,
  mamba2Graph,
  POSITION,
  POSITION_INPUT,
  type StateTensor,
} from './mixer-graphs.ts';

export interface OnnxExport {
  readonly onnx: Uint8Array;
  /** config.json for a folder with the graph as model.onnx. */
  readonly config: object;
}

interface Body {
  readonly dModel: number;
  readonly eps: number;
  readonly mixers: readonly MixerGraph[];
  readonly normOf: (layer: number) => string;
  readonly finalNorm: string;
  readonly dHidden?: number;
  readonly states: readonly StateTensor[];
}

/**
 * Input `x` [batch, dIn], output `y` [batch, dOut], states past_state.* and present_state.*.
 * @throws ERR_CONFIG_INVALID for a model type without an exporter, ERR_WEIGHTS_* for tensors that do not fit
 */
export function exportOnnx(model: Model): OnnxExport {
  const config = configReader(model);
  const type = config.text('model_type');
  const body =
    type === 'mamba2' ? mamba2Body(model, config) : type === 'mistral' ? mistralBody(model, config) : undefined;
  if (!body) {
    throw engineError('ERR_CONFIG_INVALID', `model ${model.name} has model_type "${type}"`, {
      expected: 'mamba2 or mistral',
    });
  }
  const ends = config.section('millrace').section('ends');
  const [embed, head] = [ends.text('embed'), ends.text('head')];
  const dIn = widthOf(model, `${embed}.weight`, 1);
  const dOut = widthOf(model, `${head}.weight`, 0);

  const graph = new GraphBuilder();
  const read = (name: string, dims: readonly number[]): Value =>
    graph.weight(name, dims, tensor(model.weights, name, dims));
  const dense = (x: Value, name: string, from: number, to: number): Value =>
    graph.linear(x, read(`${name}.weight`, [to, from]), read(`${name}.bias`, [to]));
  let x = dense(graph.input('x', [dIn]), embed, dIn, body.dModel);
  if (body.states.includes(POSITION)) {
    graph.input(POSITION_INPUT, POSITION.dims);
    graph.output(`present_state.${POSITION.name}`, graph.op('Add', POSITION_INPUT, graph.scalar(1)), POSITION.dims);
  }
  for (const [layer, mixer] of body.mixers.entries()) {
    x = graph.op('Add', x, mixer.step(graph, graph.rmsNorm(x, read(body.normOf(layer), [body.dModel]), body.eps)));
    if (body.dHidden) x = graph.op('Add', x, mlpGraph(graph, model, layer, x, body));
  }
  const logits = dense(graph.rmsNorm(x, read(body.finalNorm, [body.dModel]), body.eps), head, body.dModel, dOut);
  graph.output(
    'y',
    ends.has('activation') && ends.text('activation') === 'sigmoid' ? graph.op('Sigmoid', logits) : logits,
    [dOut],
  );
  return { onnx: encodeOnnx(graph.graph(model.name)), config: manifestOf(model, dIn, dOut, body.states) };
}

function mamba2Body({ weights }: Model, config: ConfigReader): Body {
  const mixer = mamba2ConfigOf(config);
  const mixers = layersOf(config, (i) => mamba2Graph(weights, `backbone.layers.${i}.mixer.`, mixer, `layers.${i}`));
  const states = mixers.flatMap((graph) => graph.states);
  const normOf = (i: number): string => `backbone.layers.${i}.norm.weight`;
  return { dModel: mixer.dModel, eps: mixer.eps, mixers, normOf, finalNorm: 'backbone.norm_f.weight', states };
}

function mistralBody({ weights }: Model, config: ConfigReader): Body {
  const mixer = attentionConfigOf(config);
  const mixers = layersOf(config, (i) => attentionGraph(weights, `model.layers.${i}.self_attn.`, mixer, `layers.${i}`));
  return {
    dModel: mixer.dModel,
    eps: config.number('rms_norm_eps'),
    mixers,
    normOf: (i) => `model.layers.${i}.input_layernorm.weight`,
    finalNorm: 'model.norm.weight',
    dHidden: config.number('intermediate_size'),
    states: [POSITION, ...mixers.flatMap((graph) => graph.states)],
  };
}

function layersOf(config: ConfigReader, make: (layer: number) => MixerGraph): MixerGraph[] {
  return Array.from({ length: config.number('num_hidden_layers') }, (_, i) => make(i));
}

/** down (silu(gate x) * up x) behind its norm. */
function mlpGraph(
  graph: GraphBuilder,
  { weights }: Model,
  layer: number,
  x: Value,
  { dModel, dHidden = 0, eps }: Body,
): Value {
  const prefix = `model.layers.${layer}.`;
  const read = (name: string, ...dims: number[]): Value =>
    graph.weight(prefix + name, dims, tensor(weights, prefix + name, dims));
  const matrix = (name: keyof GatedMlpWeights, ...dims: number[]): Value => read(`mlp.${name}_proj.weight`, ...dims);
  const normed = graph.rmsNorm(x, read('post_attention_layernorm.weight', dModel), eps);
  const gate = graph.silu(graph.linear(normed, matrix('gate', dHidden, dModel)));
  const raised = graph.op('Mul', gate, graph.linear(normed, matrix('up', dHidden, dModel)));
  return graph.linear(raised, matrix('down', dModel, dHidden));
}

function manifestOf(model: Model, dIn: number, dOut: number, states: readonly StateTensor[]): object {
  return {
    model_type: 'onnx',
    onnx: {
      file: 'model.onnx',
      input: { name: 'x', shape: [1, dIn], rows: 1, width: dIn },
      output: { name: 'y', width: dOut },
      states: states.map(({ name, dims }) => ({
        in: `past_state.${name}`,
        out: `present_state.${name}`,
        shape: [1, ...dims],
      })),
    },
    millrace: { exported_from: { name: model.name, id: model.id } },
  };
}

function widthOf(model: Model, name: string, axis: 0 | 1): number {
  return model.weights.get(name)?.shape[axis] ?? 0;
}
