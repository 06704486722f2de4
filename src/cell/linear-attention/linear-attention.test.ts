import { describe, expect, it } from 'vitest';
import { linearAttentionStep } from '../../kernel/plain/linear-attention-step.ts';
import { noiseRows } from '../laws.ts';
import { makeState, stateBytes } from '../state.ts';
import { linearAttentionCell } from './index.ts';
import { sampleLinearAttention } from './sample.ts';

const { weights, config } = sampleLinearAttention(2);

function outputs(cell: ReturnType<typeof linearAttentionCell>, rows: number) {
  const state = makeState(cell.layout);
  cell.init(state);
  const y = new Float32Array(rows * cell.dOut);
  cell.scan!(state, noiseRows(1, rows, cell.dIn), y, rows);
  return { y, state };
}

describe('linearAttentionCell', () => {
  const cell = linearAttentionCell(weights, '', config);

  it('has the state its README promises: 8 H (hk hv + hk) bytes', () => {
    const [H, hk, hv] = [config.heads, config.headKDim, config.headVDim];
    expect(stateBytes(cell.layout)).toBe(8 * H * (hk * hv + hk));
  });

  it('reads its tensors under a prefix', () => {
    const prefixed = new Map([...weights].map(([name, value]) => [`model.layers.1.attn.${name}`, value]));
    const other = linearAttentionCell(prefixed, 'model.layers.1.attn.', config);
    expect(outputs(other, 10).y).toEqual(outputs(cell, 10).y);
  });

  it('with q = 0 is the mean of all values', () => {
    const sizes = { heads: 1, headKDim: 2, headVDim: 1 };
    const [S, z, y] = [new Float64Array(2), new Float64Array(2), new Float32Array(1)];
    const ones = Float64Array.of(1, 1); // phi(0)
    for (const value of [3, 5, 10]) linearAttentionStep(S, z, ones, ones, Float32Array.of(value), y, 1e-12, sizes);
    expect(y[0]).toBeCloseTo(6, 6);
  });

  it('still takes in rows after 2^24 of them, where float32 sums would stand still', () => {
    const sizes = { heads: 1, headKDim: 1, headVDim: 1 };
    const [S, z, y] = [Float64Array.of(2 ** 25), Float64Array.of(2 ** 25), new Float32Array(1)];
    const one = Float64Array.of(1);
    for (let t = 0; t < 1000; t++) linearAttentionStep(S, z, one, one, Float32Array.of(0), y, 1e-6, sizes);
    expect(z[0]).toBe(2 ** 25 + 1000);
    expect(Math.fround(Math.fround(2 ** 25) + 1)).toBe(2 ** 25);
  });

  it('lets a gap pass unchanged', () => {
    const { state } = outputs(cell, 20);
    const before = state.bytes.slice();
    cell.skip!(state, 1e9);
    expect(state.bytes).toEqual(before);
  });

  it('counts its operations', () => {
    // 4 x 6 to q and to k, 4 x 8 to v, 8 x 4 out; 6 keys, each 4 values and a norm, added and read.
    expect(cell.flops).toBe(2 * (24 + 24 + 32 + 32) + 6 * 5 * 4);
  });

  it.each([
    ['a missing tensor', { weights: new Map([...weights].slice(1)) }, 'ERR_WEIGHTS_MISSING'],
    ['a wrong shape', { config: { ...config, headVDim: 3 } }, 'ERR_WEIGHTS_SHAPE'],
    ['no heads', { config: { ...config, heads: 0 } }, 'ERR_CONFIG_INVALID'],
    ['half a key', { config: { ...config, headKDim: 1.5 } }, 'ERR_CONFIG_INVALID'],
    ['an eps of zero', { config: { ...config, eps: 0 } }, 'ERR_CONFIG_INVALID'],
    ['an absurd width', { config: { ...config, dModel: Number.POSITIVE_INFINITY } }, 'ERR_CONFIG_INVALID'],
  ])('refuses %s', (_what, change, code) => {
    const given = { weights, config, ...change };
    expect(() => linearAttentionCell(given.weights, '', given.config)).toThrow(expect.objectContaining({ code }));
  });
});
