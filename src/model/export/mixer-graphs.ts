// One step of each mixer as ONNX ops: the same equations as the cells', on batches. State goes in as past_state.<name> and
// comes out as present_state.<name>, in the order and shape of the cell's own slots, except the ring of attention, which
// is kept oldest first because a graph has no pointer into it.

import { exp } from '../../base/math.ts';
import type { AttentionConfig } from '../../cell/attention/index.ts';
import type { Mamba2Config } from '../../cell/mamba2/index.ts';
import { ropeFrequencies } from '../../kernel/plain/rope.ts';
import { tensor, type Weights } from '../../weights/tensor.ts';
import type { GraphBuilder, Value } from './graph-builder.ts';

export interface StateTensor {
  readonly name: string;
  readonly dims: readonly number[];
}

export interface MixerGraph {
  /** Adds a step behind `x` [batch, dModel]; gives [batch, dModel]. */
  step(graph: GraphBuilder, x: Value): Value;
  readonly states: readonly StateTensor[];
}

const past = ({ name }: StateTensor): string => `past_state.${name}`;

function giveState(graph: GraphBuilder, state: StateTensor, value: Value): void {
  graph.output(`present_state.${state.name}`, value, state.dims);
}

/** Mamba-2: convolution window, selective scan, gated norm. `layer` names the states. */
export function mamba2Graph(weights: Weights, prefix: string, config: Mamba2Config, layer: string): MixerGraph {
  const { dModel, dState, dConv, expand, headDim, nGroups, eps } = config;
  const dInner = expand * dModel;
  const heads = dInner / headDim;
  const dMixed = dInner + 2 * nGroups * dState;
  const conv: StateTensor = { name: `${layer}.conv`, dims: [dMixed, dConv - 1] };
  const ssm: StateTensor = { name: `${layer}.ssm`, dims: [heads, headDim, dState] };
  return {
    states: [conv, ssm],
    step(graph, x) {
      const read = (name: string, dims: readonly number[], shape = dims): Value =>
        graph.weight(prefix + name, dims, tensor(weights, prefix + name, shape));
      const projected = graph.linear(x, read('in_proj.weight', [dInner + dMixed + heads, dModel]));
      const [z, mixed, rawDt] = graph.split(projected, [dInner, dMixed, heads]) as [Value, Value, Value];

      const window = graph.concat(2, graph.input(past(conv), conv.dims), graph.reshape(mixed, [0, dMixed, 1]));
      giveState(graph, conv, graph.tail(window, 2, 1));
      const taps = read('conv1d.weight', [dMixed, dConv], [dMixed, 1, dConv]);
      const filtered = graph.op('Add', graph.sum(graph.op('Mul', window, taps), 2), read('conv1d.bias', [dMixed]));
      const parts = graph.split(graph.silu(filtered), [dInner, nGroups * dState, nGroups * dState]);
      const value = graph.reshape(parts[0]!, [0, heads, headDim, 1]);
      // Head j reads group floor(j / (heads / groups)): groups repeat over their heads.
      const grouped = (part: Value): Value => {
        const each = graph.reshape(part, [0, nGroups, 1, dState]);
        const spread = graph.op('Expand', each, graph.ints([1, nGroups, heads / nGroups, dState]));
        return graph.reshape(spread, [0, heads, 1, dState]);
      };

      const dt = graph.reshape(graph.op('Softplus', graph.op('Add', rawDt, read('dt_bias', [heads]))), [
        0,
        heads,
        1,
        1,
      ]);
      const A = Float32Array.from(tensor(weights, `${prefix}A_log`, [heads]), (log) => -exp(log));
      const decay = graph.op('Exp', graph.op('Mul', dt, graph.weight(`${prefix}A`, [heads, 1, 1], A)));
      const kept = graph.op('Mul', decay, graph.input(past(ssm), ssm.dims));
      const h = graph.op('Add', kept, graph.op('Mul', graph.op('Mul', dt, value), grouped(parts[1]!)));
      giveState(graph, ssm, h);
      const through = graph.op('Mul', value, read('D', [heads, 1, 1], [heads]));
      const y = graph.op('Add', graph.sum(graph.op('Mul', h, grouped(parts[2]!)), 3, true), through);
      const gated = graph.op('Mul', graph.reshape(y, [0, dInner]), graph.silu(z));
      const normed = graph.rmsNorm(gated, read('norm.weight', [dInner]), eps);
      return graph.linear(normed, read('out_proj.weight', [dModel, dInner]));
    },
  };
}

/** Sliding-window attention. `position` is the graph's one row counter, shared by all layers. */
export function attentionGraph(weights: Weights, prefix: string, config: AttentionConfig, layer: string): MixerGraph {
  const { dModel, heads, kvHeads, headDim, window, theta } = config;
  const narrow = kvHeads * headDim;
  const k: StateTensor = { name: `${layer}.k`, dims: [window, narrow] };
  const v: StateTensor = { name: `${layer}.v`, dims: [window, narrow] };
  return {
    states: [k, v],
    step(graph, x) {
      const read = (name: string, rows: number, columns: number): Value =>
        graph.weight(prefix + name, [rows, columns], tensor(weights, prefix + name, [rows, columns]));
      const [cosine, sine] = rotation(graph, theta, headDim);
      const rotated = (part: Value, count: number): Value => {
        const each = graph.reshape(part, [0, count, headDim]);
        const [low, high] = graph.split(each, [headDim / 2, headDim / 2]) as [Value, Value];
        const turned = graph.concat(2, graph.op('Neg', high), low);
        return graph.op('Add', graph.op('Mul', each, cosine), graph.op('Mul', turned, sine));
      };
      const cached = (state: StateTensor, row: Value): Value => {
        const all = graph.concat(
          1,
          graph.tail(graph.input(past(state), state.dims), 1, 1),
          graph.reshape(row, [0, 1, narrow]),
        );
        giveState(graph, state, all);
        return graph.reshape(all, [0, window, kvHeads, headDim]);
      };
      const q = rotated(graph.linear(x, read('q_proj.weight', heads * headDim, dModel)), heads);
      const keys = cached(k, rotated(graph.linear(x, read('k_proj.weight', narrow, dModel)), kvHeads));
      const values = cached(v, graph.linear(x, read('v_proj.weight', narrow, dModel)));
      const queries = graph.reshape(q, [0, kvHeads, heads / kvHeads, headDim]);
      const scores = graph.op(
        'Mul',
        graph.einsum('bhgd,bwhd->bhgw', queries, keys),
        graph.scalar(1 / Math.sqrt(headDim)),
      );
      const shares = graph.softmax(graph.op('Add', scores, notYet(graph, window)), -1);
      const attended = graph.reshape(graph.einsum('bhgw,bwhd->bhgd', shares, values), [0, heads * headDim]);
      return graph.linear(attended, read('o_proj.weight', dModel, heads * headDim));
    },
  };
}

/** Name of the row counter among the states. float32 counts exactly to 16.7 million rows: 46 hours of 10 ms hops. */
export const POSITION: StateTensor = { name: 'position', dims: [1] };
export const POSITION_INPUT = past(POSITION);

/** cos and sin [batch, 1, headDim] of this row's angles. */
function rotation(graph: GraphBuilder, theta: number, headDim: number): [Value, Value] {
  const frequencies = Float32Array.from(ropeFrequencies(theta, headDim));
  const angles = graph.op('Mul', POSITION_INPUT, graph.weight('rope.frequencies', [headDim / 2], frequencies));
  const twice = graph.reshape(graph.concat(1, angles, angles), [0, 1, headDim]);
  return [graph.op('Cos', twice), graph.op('Sin', twice)];
}

/** [batch, 1, 1, window]: 0 where the cache holds a row, -1e9 where none has come yet. Oldest first. */
function notYet(graph: GraphBuilder, window: number): Value {
  const rows = graph.weight(
    'rows',
    [window],
    Float32Array.from({ length: window }, (_, row) => row),
  );
  const empty = graph.op('Sub', graph.scalar(window - 1), POSITION_INPUT);
  const bias = graph.op('Where', graph.op('Less', rows, empty), graph.scalar(-1e9), graph.scalar(0));
  return graph.reshape(bias, [0, 1, 1, window]);
}
