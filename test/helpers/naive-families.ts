// Falcon Mamba, Jamba and Qwen3-Next from their equations, over a whole sequence, in float64, with nothing of src but
// elementary functions: a second reading beside the golden files. A row is a list of numbers, a sequence a
// list of rows. Reads config.json and tensors by itself.

import { exp, log1p, sigmoid, silu } from '../../src/base/math.ts';
import type { Weights } from '../../src/weights/tensor.ts';

type Row = number[];
type Rows = Row[];
export type Config = Readonly<Record<string, unknown>>;

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const sum = (values: Row): number => values.reduce((a, b) => a + b, 0);
const dot = (a: Row, b: Row): number => sum(a.map((value, i) => value * b[i]!));
const add = (a: Row, b: Row): Row => a.map((value, i) => value + b[i]!);
const softplus = (x: number): number => (x > 20 ? x : log1p(exp(x)));
const softmax = (x: Row): Row => {
  const e = x.map((value) => exp(value - Math.max(...x)));
  return e.map((value) => value / sum(e));
};

/** Access to one checkpoint. */
class Reader {
  readonly config: Config;
  readonly weights: Weights;
  constructor(config: Config, weights: Weights) {
    this.config = config;
    this.weights = weights;
  }
  number(field: string): number {
    return this.config[field] as number;
  }
  vector(name: string): Row {
    return [...this.weights.get(name)!.data];
  }
  has(name: string): boolean {
    return this.weights.has(name);
  }
  /** Rows of a matrix, or of any tensor by its last axis. */
  matrix(name: string): Rows {
    const { shape, data } = this.weights.get(name)!;
    const width = shape.at(-1)!;
    return times(data.length / width, (i) => [...data.subarray(i * width, (i + 1) * width)]);
  }
  linear(name: string, x: Row): Row {
    const y = this.matrix(`${name}.weight`).map((row) => dot(row, x));
    return this.has(`${name}.bias`) ? add(y, this.vector(`${name}.bias`)) : y;
  }
}

const rms = (x: Row, eps: number): Row => x.map((value) => value / Math.sqrt(dot(x, x) / x.length + eps));
const norm = (x: Row, weight: Row, eps: number, from = 0): Row => rms(x, eps).map((v, i) => v * (from + weight[i]!));
const mlp = (r: Reader, name: string, x: Row): Row => {
  const up = r.linear(`${name}.up_proj`, x);
  return r.linear(
    `${name}.down_proj`,
    r.linear(`${name}.gate_proj`, x).map((value, i) => silu(value) * up[i]!),
  );
};

/** Causal depthwise convolution and silu: taps [channels][K], the last the newest. */
function convolve(x: Rows, taps: Rows, bias?: Row): Rows {
  return x.map((row, t) =>
    row.map((_, c) => {
      const K = taps[c]!.length;
      return silu(sum(taps[c]!.map((tap, j) => tap * (x[t - K + 1 + j]?.[c] ?? 0))) + (bias?.[c] ?? 0));
    }),
  );
}

/** A Mamba mixer; `normed` is what the family does to dt, B and C before their use. */
function mamba(r: Reader, name: string, u: Rows, normed: (part: 'dt' | 'b' | 'c', x: Row) => Row): Rows {
  const A = r.matrix(`${name}.A_log`).map((row) => row.map((value) => -exp(value)));
  const [E, N] = [A.length, A[0]!.length];
  const rank = r.matrix(`${name}.dt_proj.weight`)[0]!.length;
  const projected = u.map((row) => r.linear(`${name}.in_proj`, row));
  const bias = r.has(`${name}.conv1d.bias`) ? r.vector(`${name}.conv1d.bias`) : undefined;
  const x = convolve(
    projected.map((row) => row.slice(0, E)),
    r.matrix(`${name}.conv1d.weight`),
    bias,
  );
  const D = r.vector(`${name}.D`);
  const h = times(E, () => times(N, () => 0));
  return x.map((row, t) => {
    const selected = r.linear(`${name}.x_proj`, row);
    const dt = r.linear(`${name}.dt_proj`, normed('dt', selected.slice(0, rank))).map(softplus);
    const B = normed('b', selected.slice(rank, rank + N));
    const C = normed('c', selected.slice(rank + N));
    const y = times(E, (e) => {
      h[e] = h[e]!.map((value, n) => exp(dt[e]! * A[e]![n]!) * value + dt[e]! * row[e]! * B[n]!);
      return (dot(h[e]!, C) + D[e]! * row[e]!) * silu(projected[t]![E + e]!);
    });
    return r.linear(`${name}.out_proj`, y);
  });
}

/** Pairs (i, i + half) of the first `width` elements, turned by position times theta^(-2i/width). */
function rotate(x: Row, position: number, width: number, theta: number): Row {
  const half = width / 2;
  return x.map((value, i) => {
    if (i >= width) return value;
    const angle = position * theta ** ((-2 * (i % half)) / width);
    const other = i < half ? -x[i + half]! : x[i - half]!;
    return value * Math.cos(angle) + other * Math.sin(angle);
  });
}

/** Causal attention over everything; query head j reads key head floor(j / (heads / kvHeads)). */
function attend(q: Rows[], k: Rows[], v: Rows[]): Rows[] {
  return q.map((heads, t) =>
    heads.map((query, j) => {
      const from = Math.floor((j * k[0]!.length) / heads.length);
      const weights = softmax(times(t + 1, (s) => dot(query, k[s]![from]!) / Math.sqrt(query.length)));
      return query.map((_, i) => sum(weights.map((weight, s) => weight * v[s]![from]![i]!)));
    }),
  );
}
const heads = (x: Row, width: number): Rows => times(x.length / width, (j) => x.slice(j * width, (j + 1) * width));

function jambaAttention(r: Reader, name: string, x: Rows): Rows {
  const d = r.number('hidden_size') / r.number('num_attention_heads');
  const [q, k, v] = ['q', 'k', 'v'].map((which) => x.map((row) => heads(r.linear(`${name}.${which}_proj`, row), d)));
  return attend(q!, k!, v!).map((row) => r.linear(`${name}.o_proj`, row.flat()));
}

function gatedAttention(r: Reader, name: string, x: Rows): Rows {
  const [d, eps] = [r.number('head_dim'), r.number('rms_norm_eps')];
  const [width, theta] = [d * r.number('partial_rotary_factor'), r.number('rope_theta')];
  const both = x.map((row) => heads(r.linear(`${name}.q_proj`, row), 2 * d));
  const turned = (rows: Rows[], which: string): Rows[] =>
    rows.map((row, t) =>
      row.map((head) => rotate(norm(head, r.vector(`${name}.${which}_norm.weight`), eps, 1), t, width, theta)),
    );
  const q = turned(
    both.map((row) => row.map((head) => head.slice(0, d))),
    'q',
  );
  const k = turned(
    x.map((row) => heads(r.linear(`${name}.k_proj`, row), d)),
    'k',
  );
  const v = x.map((row) => heads(r.linear(`${name}.v_proj`, row), d));
  return attend(q, k, v).map((row, t) => {
    const gate = both[t]!.flatMap((head) => head.slice(d));
    return r.linear(
      `${name}.o_proj`,
      row.flat().map((value, i) => value * sigmoid(gate[i]!)),
    );
  });
}

function gatedDelta(r: Reader, name: string, x: Rows): Rows {
  const [keyHeads, valueHeads] = [r.number('linear_num_key_heads'), r.number('linear_num_value_heads')];
  const [hk, hv] = [r.number('linear_key_head_dim'), r.number('linear_value_head_dim')];
  const shared = valueHeads / keyHeads;
  const grouped = x.map((row) => heads(r.linear(`${name}.in_proj_qkvz`, row), 2 * hk + 2 * shared * hv));
  const ba = x.map((row) => heads(r.linear(`${name}.in_proj_ba`, row), 2 * shared));
  const part = (t: number, from: number, to: number): Row => grouped[t]!.flatMap((group) => group.slice(from, to));
  const [ofV, ofZ] = [2 * hk, 2 * hk + shared * hv];
  const mixed = convolve(
    x.map((_, t) => [...part(t, 0, hk), ...part(t, hk, ofV), ...part(t, ofV, ofZ)]),
    r.matrix(`${name}.conv1d.weight`),
  );
  const unit = (values: Row): Row => values.map((value) => value / Math.sqrt(dot(values, values) + 1e-6));
  const [A, bias] = [r.vector(`${name}.A_log`), r.vector(`${name}.dt_bias`)];
  const S = times(valueHeads, () => times(hk, () => times(hv, () => 0)));
  return x.map((_, t) => {
    const [q, k] = [0, 1].map((i) => heads(mixed[t]!.slice(i * keyHeads * hk, (i + 1) * keyHeads * hk), hk).map(unit));
    const v = heads(mixed[t]!.slice(2 * keyHeads * hk), hv);
    const [b, a] = [0, 1].map((i) => ba[t]!.flatMap((group) => group.slice(i * shared, (i + 1) * shared)));
    const z = heads(part(t, ofZ, ofZ + shared * hv), hv);
    const out = times(valueHeads, (j) => {
      const [query, key] = [q![Math.floor(j / shared)]!, k![Math.floor(j / shared)]!];
      const decay = exp(-exp(A[j]!) * softplus(a![j]! + bias[j]!));
      const old = S[j]!.map((row) => row.map((value) => decay * value));
      const held = times(hv, (i) => sum(old.map((row, n) => key[n]! * row[i]!)));
      S[j] = old.map((row, n) => row.map((value, i) => value + key[n]! * sigmoid(b![j]!) * (v[j]![i]! - held[i]!)));
      const read = times(hv, (i) => sum(S[j]!.map((row, n) => (query[n]! * row[i]!) / Math.sqrt(hk))));
      const normed = norm(read, r.vector(`${name}.norm.weight`), r.number('rms_norm_eps'));
      return normed.map((value, i) => value * silu(z[j]![i]!));
    });
    return r.linear(`${name}.out_proj`, out.flat());
  });
}

/** The k experts of the largest odds, each with its share. */
function experts(r: Reader, name: string, router: string, x: Row, renormalise: boolean): Row {
  const odds = softmax(r.linear(`${name}.${router}`, x));
  const order = odds.map((_, e) => e).sort((a, b) => odds[b]! - odds[a]! || a - b);
  const chosen = order.slice(0, r.number('num_experts_per_tok'));
  const total = renormalise ? sum(chosen.map((e) => odds[e]!)) : 1;
  const made = chosen.map((e) => mlp(r, `${name}.experts.${e}`, x).map((value) => (value * odds[e]!) / total));
  return made.reduce(add);
}

type Sublayer = (x: Rows) => Rows;

/** x += mixer(norm x), x += feed(norm x) ..., final norm, head. */
function model(
  r: Reader,
  names: { embed: string; norm: string },
  ids: readonly number[],
  layers: Sublayer[],
  from: number,
): Rows {
  const eps = r.number(r.config.rms_norm_eps === undefined ? 'layer_norm_epsilon' : 'rms_norm_eps');
  const embedding = r.matrix(names.embed);
  let x = ids.map((id) => embedding[id]!);
  for (const layer of layers) {
    const y = layer(x);
    x = x.map((row, t) => add(row, y[t]!));
  }
  const head = r.has('lm_head.weight') ? r.matrix('lm_head.weight') : embedding;
  return x.map((row) => {
    const normed = norm(row, r.vector(names.norm), eps, from);
    return head.map((weight) => dot(weight, normed));
  });
}

export function naiveFalconMamba(config: Config, weights: Weights, ids: readonly number[]): Rows {
  const r = new Reader(config, weights);
  const layers = times(r.number('num_hidden_layers'), (i): Sublayer => {
    const layer = `backbone.layers.${i}`;
    const normed = (x: Row) => norm(x, r.vector(`${layer}.norm.weight`), r.number('layer_norm_epsilon'));
    return (x) => mamba(r, `${layer}.mixer`, x.map(normed), (_, part) => rms(part, r.number('mixer_rms_eps')));
  });
  return model(r, { embed: 'backbone.embeddings.weight', norm: 'backbone.norm_f.weight' }, ids, layers, 0);
}

export function naiveJamba(config: Config, weights: Weights, ids: readonly number[]): Rows {
  const r = new Reader(config, weights);
  const eps = r.number('rms_norm_eps');
  const layers = times(r.number('num_hidden_layers'), (i): Sublayer[] => {
    const layer = `model.layers.${i}`;
    const normed = (name: string) => (x: Row) => norm(x, r.vector(`${layer}.${name}.weight`), eps);
    const attends = i % r.number('attn_layer_period') === r.number('attn_layer_offset');
    const routes = i % r.number('expert_layer_period') === r.number('expert_layer_offset');
    const select = (part: string, x: Row) => norm(x, r.vector(`${layer}.mamba.${part}_layernorm.weight`), eps);
    return [
      (x) => {
        const input = x.map(normed('input_layernorm'));
        return attends ? jambaAttention(r, `${layer}.self_attn`, input) : mamba(r, `${layer}.mamba`, input, select);
      },
      (x) =>
        x
          .map(normed('pre_ff_layernorm'))
          .map((row) =>
            routes ? experts(r, `${layer}.feed_forward`, 'router', row, false) : mlp(r, `${layer}.feed_forward`, row),
          ),
    ];
  });
  return model(r, { embed: 'model.embed_tokens.weight', norm: 'model.final_layernorm.weight' }, ids, layers.flat(), 0);
}

export function naiveQwen3Next(config: Config, weights: Weights, ids: readonly number[]): Rows {
  const r = new Reader(config, weights);
  const kinds = config.layer_types as string[];
  const layers = times(r.number('num_hidden_layers'), (i): Sublayer[] => {
    const layer = `model.layers.${i}`;
    const normed = (name: string) => (x: Row) =>
      norm(x, r.vector(`${layer}.${name}.weight`), r.number('rms_norm_eps'), 1);
    const feed = (x: Row): Row => {
      if ((config.mlp_only_layers as number[]).includes(i)) return mlp(r, `${layer}.mlp`, x);
      const gate = sigmoid(r.linear(`${layer}.mlp.shared_expert_gate`, x)[0]!);
      const shared = mlp(r, `${layer}.mlp.shared_expert`, x).map((value) => gate * value);
      return add(experts(r, `${layer}.mlp`, 'gate', x, true), shared);
    };
    return [
      (x) => {
        const input = x.map(normed('input_layernorm'));
        return kinds[i] === 'full_attention'
          ? gatedAttention(r, `${layer}.self_attn`, input)
          : gatedDelta(r, `${layer}.linear_attn`, input);
      },
      (x) => x.map(normed('post_attention_layernorm')).map(feed),
    ];
  });
  return model(r, { embed: 'model.embed_tokens.weight', norm: 'model.norm.weight' }, ids, layers.flat(), 1);
}
