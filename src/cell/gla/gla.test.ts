import { describe, expect, it } from 'vitest';
import { closeTo, noiseRows } from '../laws.ts';
import { makeState, stateBytes } from '../state.ts';
import { glaCell } from './index.ts';
import { sampleGla } from './sample.ts';

const { weights, config } = sampleGla(2);
const cell = glaCell(weights, '', config);

function stateAfter(rows: number, made = cell) {
  const state = makeState(made.layout);
  made.init(state);
  const y = new Float32Array(rows * made.dOut);
  made.scan!(state, noiseRows(1, rows, made.dIn), y, rows);
  return { y, state };
}
const withBias = (bias: number) => {
  const shape = weights.get('gk_proj.1.bias')!.shape;
  const data = Float32Array.from({ length: shape[0]! }, (_, i) => (i % 2 === 0 ? bias : 0));
  return glaCell(new Map([...weights, ['gk_proj.1.bias', { shape, data }]]), '', config);
};

describe('glaCell', () => {
  it('has the state its README promises: 4 H hk hv bytes', () => {
    expect(stateBytes(cell.layout)).toBe(4 * config.heads * config.headKDim * config.headVDim);
  });

  it('reads its tensors under a prefix', () => {
    const prefixed = new Map([...weights].map(([name, value]) => [`model.layers.1.attn.${name}`, value]));
    expect(stateAfter(10, glaCell(prefixed, 'model.layers.1.attn.', config)).y).toEqual(stateAfter(10).y);
  });

  it.each([-100, -4_000, -10_000])('holds its chunked form to steps where gates shut hard (bias %i)', (bias) => {
    const hard = withBias(bias); // g of every other channel: -6, -250, -625 a row, so chunks of 32, 2 and 1 rows
    const [steps, chunks] = [stateAfter(70, hard), makeState(hard.layout)];
    hard.init(chunks);
    const y = new Float32Array(70 * 4);
    hard.forms!.chunked!.scan(chunks, noiseRows(1, 70, 4), y, 70);
    expect(closeTo(y, steps.y, hard.forms!.chunked!.rtol)).toBe(true);
    expect(closeTo(chunks.at.S, steps.state.at.S, hard.forms!.chunked!.rtol)).toBe(true);
    expect(Math.max(...steps.y.map(Math.abs))).toBeGreaterThan(0.01);
  });

  it('forgets by elapsed time', () => {
    const [late, waited] = [stateAfter(20).state, stateAfter(20).state];
    const open = withBias(0); // with gk_proj fed by a zero row the gate stands at its bias
    const x = new Float32Array(4);
    open.stepAfter!(late, x, new Float32Array(4), 3);
    open.skip!(waited, 2);
    open.step(waited, x, new Float32Array(4));
    expect(closeTo(late.at.S, waited.at.S, 1e-6)).toBe(true);
  });

  it('skips rows as rows with the gate at its bias and no input', () => {
    const { state } = stateAfter(20);
    const S = state.at.S.slice();
    cell.skip!(state, 5);
    const bias = weights.get('gk_proj.1.bias')!.data;
    for (let head = 0; head < 2; head++) {
      for (let j = 0; j < 4; j++) {
        for (let i = 0; i < 2; i++) {
          const decay = (1 / (1 + Math.exp(-bias[head * 2 + i]!))) ** (5 / 16);
          const at = (head * 4 + j) * 2 + i;
          expect(state.at.S[at]).toBeCloseTo(S[at]! * decay, 5);
        }
      }
    }
    cell.skip!(state, 1e9);
    expect(Math.max(...state.at.S.map(Math.abs))).toBe(0);
  });

  it('counts its operations', () => {
    // 4 columns into q, k (4 each), v, gate (8 each) and the low rank (2), 8 x 4 out, 4 x 2 up; 4 keys x 4 values x 5; the norm.
    expect(cell.flops).toBe(2 * 4 * (4 + 4 + 8 + 8 + 2) + 2 * 32 + 2 * 8 + 80 + 64);
  });

  it.each([
    ['a missing tensor', { weights: new Map([...weights].slice(1)) }, 'ERR_WEIGHTS_MISSING'],
    ['a wrong shape', { config: { ...config, gateRank: 3 } }, 'ERR_WEIGHTS_SHAPE'],
    ['no heads', { config: { ...config, heads: 0 } }, 'ERR_CONFIG_INVALID'],
    ['an absurd key', { config: { ...config, headKDim: 2 ** 60 } }, 'ERR_CONFIG_INVALID'],
    ['an eps of zero', { config: { ...config, eps: 0 } }, 'ERR_CONFIG_INVALID'],
    ['a negative normalizer', { config: { ...config, gateNormalizer: -16 } }, 'ERR_CONFIG_INVALID'],
  ])('refuses %s', (_what, change, code) => {
    const given = { weights, config, ...change };
    expect(() => glaCell(given.weights, '', given.config)).toThrow(expect.objectContaining({ code }));
  });
});
