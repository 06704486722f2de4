// The slow twin of cell.ts: a whole sequence at once, in float64, without the state matrix. A query runs back through time:
//   q S_t = sum_{s <= t} beta_s (r_s . k_s) v_s,   r_t = q,   r_{s-1} = e^(g_s) (r_s - beta_s (r_s . k_s) k_s)
// which is S_t = S_{t-1} (e^g (I - beta k k^T)) + beta v k^T unrolled (2412.06464, eq. 10). Reads both namings by itself, as
// upstream's forward does; shares no kernel and no reader with the cell. O(rows^2); for tests only.

import { exp, sigmoid, silu, softplus } from '../../base/math.ts';
import type { Weights } from '../../weights/tensor.ts';
import type { GatedDeltaConfig } from './params.ts';

type Row = readonly number[];
export type GatedDeltaNaming = 'fla' | 'qwen3-next';

/** What a row is projected to: q, k, v, z a head each, before the convolution; b and a, a number a value head. */
interface Projected {
  readonly q: Row[];
  readonly k: Row[];
  readonly v: Row[];
  readonly z: Row[];
  readonly b: Row;
  readonly a: Row;
}

/** x [rows, dModel] from the start state -> y [rows, dModel]. */
export function naiveGatedDelta(
  weights: Weights,
  prefix: string,
  naming: GatedDeltaNaming,
  config: GatedDeltaConfig,
  x: ArrayLike<number>,
  rows: number,
): Float64Array {
  const { dModel, keyHeads, valueHeads, headVDim, dConv, eps } = config;
  const at = (name: string): Float32Array => weights.get(prefix + name)!.data;
  const project = naming === 'fla' ? projectFla : projectQwen3Next;
  const projected = times(rows, (t) =>
    project(
      at,
      config,
      times(dModel, (i) => x[t * dModel + i]!),
    ),
  );
  const taps = times(rows, (t) => times(dConv, (j) => projected[t - dConv + 1 + j])); // undefined before the first row
  const filtered = (part: 'q' | 'k' | 'v', t: number, head: number): number[] => {
    const width = projected[t]![part][head]!.length;
    return times(width, (i) => {
      const channel = head * width + i;
      const weight = (j: number): number =>
        naming === 'fla'
          ? at(`${part}_conv1d.weight`)[channel * dConv + j]!
          : at('conv1d.weight')[(convOffset(part, config) + channel) * dConv + j]!;
      return silu(sum(dConv, (j) => weight(j) * (taps[t]![j]?.[part][head]?.[i] ?? 0)));
    });
  };
  const heads = times(valueHeads, (n) => {
    const keyHead = Math.floor((n * keyHeads) / valueHeads);
    const [q, k] = [
      times(rows, (t) => unit(filtered('q', t, keyHead))),
      times(rows, (t) => unit(filtered('k', t, keyHead))),
    ];
    const v = times(rows, (t) => filtered('v', t, n));
    const g = projected.map(({ a }) => -exp(at('A_log')[n]!) * softplus(a[n]! + at('dt_bias')[n]!));
    const beta = projected.map(({ b }) => (config.allowNegEigval ? 2 : 1) * sigmoid(b[n]!));
    return q.map((query, t) => naiveRead(query, t, k, v, g, beta));
  });
  const [norm, out] = naming === 'fla' ? ['o_norm.weight', 'o_proj'] : ['norm.weight', 'out_proj'];
  const output = projected.map(({ z }, t) => {
    const gated = heads.flatMap((head, n) => {
      const rms = Math.sqrt(sum(headVDim, (j) => head[t]![j]! * head[t]![j]!) / headVDim + eps);
      return head[t]!.map((value, j) => at(norm)[j]! * (value / rms) * silu(z[n]![j]!));
    });
    return dense(at(`${out}.weight`), gated, dModel);
  });
  return Float64Array.from(output.flat());
}

/** headKDim^-1/2 q S_t of one head, the query given: k [rows, headKDim], v [rows, headVDim], g, beta [rows] -> [headVDim]. */
export function naiveRead(q: Row, t: number, k: readonly Row[], v: readonly Row[], g: Row, beta: Row): number[] {
  const out = v[0]!.map(() => 0);
  let r = q.map((value) => value / Math.sqrt(q.length));
  for (let s = t; s >= 0; s--) {
    const amount = beta[s]! * sum(r.length, (i) => r[i]! * k[s]![i]!);
    for (let j = 0; j < out.length; j++) out[j] = out[j]! + amount * v[s]![j]!;
    r = r.map((value, i) => exp(g[s]!) * (value - amount * k[s]![i]!));
  }
  return out;
}

type Read = (name: string) => Float32Array;

function projectFla(at: Read, { keyHeads, valueHeads, headKDim, headVDim }: GatedDeltaConfig, x: Row): Projected {
  const linear = (name: string, out: number): number[] => dense(at(`${name}.weight`), x, out);
  return {
    q: split(linear('q_proj', keyHeads * headKDim), headKDim),
    k: split(linear('k_proj', keyHeads * headKDim), headKDim),
    v: split(linear('v_proj', valueHeads * headVDim), headVDim),
    z: split(linear('g_proj', valueHeads * headVDim), headVDim),
    b: linear('b_proj', valueHeads),
    a: linear('a_proj', valueHeads),
  };
}

/** View the projections as [keyHeads, ...], cut each key head's part, and put the parts of all key heads in a row. */
function projectQwen3Next(at: Read, config: GatedDeltaConfig, x: Row): Projected {
  const { keyHeads, valueHeads, headKDim, headVDim } = config;
  const shared = valueHeads / keyHeads;
  const values = shared * headVDim;
  const all = 2 * (keyHeads * headKDim + valueHeads * headVDim);
  const groups = split(dense(at('in_proj_qkvz.weight'), x, all), 2 * headKDim + 2 * values);
  const ba = split(dense(at('in_proj_ba.weight'), x, 2 * valueHeads), 2 * shared);
  const cut = (from: number, size: number, width: number): Row[] =>
    groups.flatMap((group) => split(group.slice(from, from + size), width));
  return {
    q: cut(0, headKDim, headKDim),
    k: cut(headKDim, headKDim, headKDim),
    v: cut(2 * headKDim, values, headVDim),
    z: cut(2 * headKDim + values, values, headVDim),
    b: ba.flatMap((group) => group.slice(0, shared)),
    a: ba.flatMap((group) => group.slice(shared)),
  };
}

/** Channels of the fused convolution before this part: all queries, then all keys, then all values. */
function convOffset(part: 'q' | 'k' | 'v', { keyHeads, headKDim }: GatedDeltaConfig): number {
  return { q: 0, k: 1, v: 2 }[part] * keyHeads * headKDim;
}

const unit = (row: Row): number[] => row.map((value) => value / Math.sqrt(row.reduce((s, u) => s + u * u, 1e-6)));
const split = (row: Row, width: number): number[][] =>
  times(row.length / width, (n) => row.slice(n * width, (n + 1) * width));
const sum = (count: number, term: (index: number) => number): number => {
  let total = 0;
  for (let i = 0; i < count; i++) total += term(i);
  return total;
};
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const dense = (w: Float32Array, x: Row, out: number): number[] =>
  times(out, (o) => sum(x.length, (i) => w[o * x.length + i]! * x[i]!));
