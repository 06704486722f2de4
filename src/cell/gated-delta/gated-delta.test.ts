import { describe, expect, it } from 'vitest';
import { gatedDeltaStep } from '../../kernel/plain/gated-delta-step.ts';
import type { Tensor } from '../../weights/tensor.ts';
import { closeTo, noiseRows } from '../laws.ts';
import { makeState, stateBytes } from '../state.ts';
import { gatedDeltaCell, naiveGatedDelta, readGatedDeltaFla, readGatedDeltaQwen3Next } from './index.ts';
import { sampleGatedDelta } from './sample.ts';

const { weights, config, params } = sampleGatedDelta(2); // Qwen3-Next: 2 key heads, 4 value heads
const cell = gatedDeltaCell(config, params);

function stateAfter(rows: number, made = cell) {
  const state = makeState(made.layout);
  made.init(state);
  const y = new Float32Array(rows * made.dOut);
  made.scan!(state, noiseRows(1, rows, made.dIn), y, rows);
  return { y, state };
}

/** Row n of a matrix of `width` columns. */
const row = (w: Float32Array, n: number, width: number) => Array.from(w.subarray(n * width, (n + 1) * width));
/** The Qwen3-Next sample under the names of flash-linear-attention, row by row from the layout upstream documents. */
function asFla(): Map<string, Tensor> {
  const { dModel, keyHeads, valueHeads, headKDim, headVDim, dConv } = config;
  const shared = valueHeads / keyHeads;
  const group = 2 * headKDim + 2 * shared * headVDim;
  const [qkvz, ba] = [weights.get('in_proj_qkvz.weight')!.data, weights.get('in_proj_ba.weight')!.data];
  const conv = weights.get('conv1d.weight')!.data;
  const [keys, values] = [keyHeads * headKDim, valueHeads * headVDim];
  const named = new Map<string, Tensor>();
  const put = (name: string, shape: number[], data: number[]) => {
    named.set(name, { shape, data: Float32Array.from(data) });
  };
  const keyRows = (from: number) =>
    Array.from({ length: keys }, (_, n) => row(qkvz, Math.floor(n / headKDim) * group + from + (n % headKDim), dModel));
  const valueRows = (from: number) =>
    Array.from({ length: values }, (_, n) => {
      const perGroup = shared * headVDim;
      return row(qkvz, Math.floor(n / perGroup) * group + 2 * headKDim + from + (n % perGroup), dModel);
    });
  const headRows = (from: number) =>
    Array.from({ length: valueHeads }, (_, n) =>
      row(ba, Math.floor(n / shared) * 2 * shared + from + (n % shared), dModel),
    );
  put('q_proj.weight', [keys, dModel], keyRows(0).flat());
  put('k_proj.weight', [keys, dModel], keyRows(headKDim).flat());
  put('v_proj.weight', [values, dModel], valueRows(0).flat());
  put('g_proj.weight', [values, dModel], valueRows(shared * headVDim).flat());
  put('b_proj.weight', [valueHeads, dModel], headRows(0).flat());
  put('a_proj.weight', [valueHeads, dModel], headRows(shared).flat());
  put('q_conv1d.weight', [keys, 1, dConv], [...conv.slice(0, keys * dConv)]);
  put('k_conv1d.weight', [keys, 1, dConv], [...conv.slice(keys * dConv, 2 * keys * dConv)]);
  put('v_conv1d.weight', [values, 1, dConv], [...conv.slice(2 * keys * dConv)]);
  for (const [to, from] of Object.entries({ 'o_norm.weight': 'norm.weight', 'o_proj.weight': 'out_proj.weight' })) {
    named.set(to, weights.get(from)!);
  }
  for (const name of ['A_log', 'dt_bias']) named.set(name, weights.get(name)!);
  return named;
}

describe('gatedDeltaCell', () => {
  it('has the state its README promises: 4 [(2 keys + values)(K - 1) + Hv hk hv] bytes', () => {
    const [keys, values] = [config.keyHeads * config.headKDim, config.valueHeads * config.headVDim];
    const bytes = 4 * ((2 * keys + values) * (config.dConv - 1) + values * config.headKDim);
    expect(stateBytes(cell.layout)).toBe(bytes);
  });

  it('is the same cell from either naming of the same mixer, to the bit', () => {
    const fla = asFla();
    const other = gatedDeltaCell(config, readGatedDeltaFla(fla, '', config));
    expect(stateAfter(30, other).y).toEqual(stateAfter(30).y);
    const x = noiseRows(1, 30, 3);
    expect(naiveGatedDelta(fla, '', 'fla', config, x, 30)).toEqual(
      naiveGatedDelta(weights, '', 'qwen3-next', config, x, 30),
    );
  });

  it('reads its tensors under a prefix', () => {
    const prefixed = new Map([...weights].map(([name, value]) => [`model.layers.0.linear_attn.${name}`, value]));
    const read = readGatedDeltaQwen3Next(prefixed, 'model.layers.0.linear_attn.', config);
    expect(stateAfter(10, gatedDeltaCell(config, read)).y).toEqual(stateAfter(10).y);
  });

  it('doubles beta where eigenvalues may be negative', () => {
    const negative = gatedDeltaCell({ ...config, allowNegEigval: true }, params);
    expect(closeTo(stateAfter(20, negative).y, stateAfter(20).y, 1e-3)).toBe(false);
  });

  it('forgets by elapsed time: a late row finds the state it would find after a gap', () => {
    const [late, waited] = [stateAfter(20).state, stateAfter(20).state];
    const [x, y] = [new Float32Array(3), new Float32Array(3)]; // a = 0, as in a gap
    cell.stepAfter!(late, x, y, 3);
    for (let head = 0; head < 4; head++) {
      const g = params.A[head]! * Math.log(1 + Math.exp(params.dtBias[head]!));
      for (let i = head * 6; i < (head + 1) * 6; i++) waited.at.S[i]! *= Math.exp(2 * g);
    }
    cell.step(waited, x, y);
    expect(closeTo(late.at.S, waited.at.S, 1e-6)).toBe(true);
  });

  it('skips rows as rows that write nothing', () => {
    const { state } = stateAfter(20);
    const S = state.at.S.slice();
    cell.skip!(state, 2);
    const g = params.A[1]! * Math.log(1 + Math.exp(params.dtBias[1]!));
    expect(state.at.S[7]).toBeCloseTo(S[7]! * Math.exp(2 * g), 6);
    expect([...state.at.conv.slice(1, 3)]).toEqual([0, 0]); // of channel 0, the two newest inputs
    cell.skip!(state, 1e9);
    expect(Math.max(...state.at.S.map(Math.abs), ...state.at.conv.map(Math.abs))).toBe(0);
  });

  it('counts its operations', () => {
    // 3 columns into 4 + 4 + 12 + 12 + 8 rows, 12 x 3 out, 20 channels of 4 taps, norms of 8, 12 x 2 of state, norm of 12.
    expect(cell.flops).toBe(2 * 3 * 40 + 2 * 36 + 2 * 80 + 8 * 4 + 7 * 24 + 8 * 12);
  });

  it.each([
    ['a missing tensor', { weights: new Map([...weights].slice(1)) }, 'ERR_WEIGHTS_MISSING'],
    ['the other naming', { weights: asFla() }, 'ERR_WEIGHTS_MISSING'],
    ['a wrong shape', { config: { ...config, dConv: 3 } }, 'ERR_WEIGHTS_SHAPE'],
    ['heads that do not divide', { config: { ...config, keyHeads: 3 } }, 'ERR_CONFIG_INVALID'],
    ['no heads', { config: { ...config, valueHeads: 0 } }, 'ERR_CONFIG_INVALID'],
    ['an eps of zero', { config: { ...config, eps: 0 } }, 'ERR_CONFIG_INVALID'],
    ['an absurd width', { config: { ...config, dModel: 1e300 } }, 'ERR_CONFIG_INVALID'],
  ])('refuses %s', (_what, change, code) => {
    const given = { weights, config, ...change };
    expect(() => readGatedDeltaQwen3Next(given.weights, '', given.config)).toThrow(expect.objectContaining({ code }));
  });
});

describe('the gated delta rule with beta = 1 and g = 0', () => {
  const N = 8;
  const sizes = { keyHeads: 1, valueHeads: 1, headKDim: N, headVDim: 3 };
  const [one, zero] = [Float64Array.of(1), Float64Array.of(0)];
  const idle = new Float64Array(N);
  const y = new Float32Array(3);
  /** Rows of a Hadamard matrix over sqrt(8): orthonormal, and not along the axes. */
  const key = (n: number) =>
    Float64Array.from({ length: N }, (_, i) => {
      const bits = (n & i) ^ ((n & i) >> 1) ^ ((n & i) >> 2);
      return (bits % 2 === 0 ? 1 : -1) / Math.sqrt(N);
    });
  const value = (n: number) => Float32Array.of(n + 1, -2 * n, 0.5);
  const write = (S: Float32Array, k: Float64Array, v: Float32Array) => {
    gatedDeltaStep(S, idle, k, v, zero, one, y, 1, sizes);
  };
  /** What key n holds: a query without a write (k = 0), times the scale of queries. */
  const recall = (S: Float32Array, n: number) => {
    gatedDeltaStep(S, key(n), idle, new Float32Array(3), zero, one, y, 1, sizes);
    return Array.from(y, (v) => v * Math.sqrt(N));
  };

  it('recalls every one of headKDim orthonormal keys exactly', () => {
    const S = new Float32Array(N * 3);
    for (let n = 0; n < N; n++) write(S, key(n), value(n));
    for (let n = 0; n < N; n++) expect(closeTo(recall(S, n), value(n), 1e-6)).toBe(true);
  });

  it('replaces what a key held, and leaves the other keys', () => {
    const S = new Float32Array(N * 3);
    for (let n = 0; n < N; n++) write(S, key(n), value(n));
    write(S, key(3), Float32Array.of(70, 80, 90));
    expect(closeTo(recall(S, 3), [70, 80, 90], 1e-6)).toBe(true);
    for (const n of [0, 1, 2, 4, 5, 6, 7]) expect(closeTo(recall(S, n), value(n), 1e-5)).toBe(true);
  });

  it('has no room for one more: a ninth key disturbs the eight', () => {
    const S = new Float32Array(N * 3);
    for (let n = 0; n < N; n++) write(S, key(n), value(n));
    write(S, Float64Array.of(1, 0, 0, 0, 0, 0, 0, 0), Float32Array.of(70, 80, 90));
    expect(closeTo(recall(S, 0), value(0), 0.1)).toBe(false);
  });
});
