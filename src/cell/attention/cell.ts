// Attention over a declared window with rotary positions and grouped queries, one row at a time: the cell that the
// constant-state cells are measured against. A query at row p sees keys p - window < row <= p (Mistral's rule: `window`
// rows, itself included), kept in a ring (cache.ts).
//   y = o_proj(softmax(rope(q_proj x) . rope(k_proj x)_rows / sqrt(headDim)) v_rows)
// Biases, norms of heads, an output gate and partial rotation are options: project.ts. Slow twin: naive.ts.
// The state does not grow, but it is as large as the window: 8 kvHeads headDim window bytes, and 8 more a slot.

import type { Weights } from '../../weights/tensor.ts';
import type { Cell } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import type { Layout, State, Views } from '../state.ts';
import {
  type AttentionLayout,
  type Counters,
  floatCache,
  type Int8AttentionLayout,
  int8Cache,
  type KvCache,
} from './cache.ts';
import { full, lowerAttention } from './lower.ts';
import { type AttentionConfig, type AttentionParams, readAttention } from './params.ts';
import { projection } from './project.ts';
import { tiledForm } from './tiled.ts';

/**
 * A layer with the tensors under `prefix`, for instance `model.layers.0.self_attn.`; dIn = dOut = dModel. With
 * `whenFull: 'refuse'` its step throws ERR_CONTEXT_FULL at row `window` and leaves the state as it was.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function attentionCell(
  weights: Weights,
  prefix: string,
  config: AttentionConfig & { readonly cache: 'int8' },
): Cell<Int8AttentionLayout>;
export function attentionCell(
  weights: Weights,
  prefix: string,
  config: AttentionConfig & { readonly cache?: 'f32' },
): Cell<AttentionLayout>;
export function attentionCell(weights: Weights, prefix: string, config: AttentionConfig): Cell;
export function attentionCell(weights: Weights, prefix: string, config: AttentionConfig): Cell {
  const params = readAttention(weights, prefix, config);
  return config.cache === 'int8'
    ? makeCell(params, config, int8Cache(config))
    : makeCell(params, config, floatCache(config));
}

function makeCell<L extends Layout & Counters>(
  params: AttentionParams,
  config: AttentionConfig,
  cache: KvCache<L>,
): Cell<L> {
  const { dModel, heads, headDim, window } = config;
  const projected = projection(params, config);
  const wide = heads * headDim;
  const attended = new Float32Array(wide); // scratch, rewritten by every step

  const admit = (position: number, rows: number): void => {
    if (config.whenFull === 'refuse' && position + rows > window) throw full(window);
  };

  const step = (state: State<L>, input: Float32Array, output: Float32Array): void => {
    const at: Views<L> & Views<Counters> = state.at;
    const position = at.position[0]!;
    admit(position, 1);
    projected.enter(input, position);
    at.position[0] = position + 1;
    cache.attend(at, projected.q, projected.k, projected.v, position, attended);
    projected.leave(attended, projected.gate, output);
  };

  return {
    kind: 'attention',
    dIn: dModel,
    dOut: dModel,
    layout: cache.layout,
    contextRows: window,
    flops: 2 * (params.q.length + params.k.length + params.v.length + params.o.length) + 4 * wide * window,
    init({ at }) {
      for (const view of Object.values(at)) view.fill(0);
      (at as Views<Counters>).rows.fill(-1);
    },
    step,
    scan: scanBySteps({ dIn: dModel, dOut: dModel, step }),
    lower: (simd, region) => lowerAttention(params, config, cache.layout, simd, region),
    forms: { tiled: tiledForm(projected, cache, config, admit) },
    // No keys come from rows without input. What the ring holds ages: `rows` says which slots still lie in the window.
    skip({ at }, rows) {
      const { position } = at as Views<Counters>;
      position[0] = position[0]! + rows;
    },
  };
}
