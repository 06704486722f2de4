import { describe, expect, it } from 'vitest';
import { rgLruCoefficients } from '../../kernel/plain/rg-lru-coefficients.ts';
import { noiseRows } from '../laws.ts';
import { makeState, stateBytes } from '../state.ts';
import { rgLruCell } from './index.ts';
import { sampleRgLru } from './sample.ts';

const { weights, config } = sampleRgLru(2);

function stateAfter(rows: number) {
  const cell = rgLruCell(weights, '', config);
  const state = makeState(cell.layout);
  cell.init(state);
  cell.scan!(state, noiseRows(3, rows, 3), new Float32Array(3 * rows), rows);
  return { cell, state };
}

describe('rgLruCell', () => {
  it('has the state its README promises: 4 K lru + 8 bytes', () => {
    expect(stateBytes(rgLruCell(weights, '', config).layout)).toBe(4 * config.dConv * config.lruWidth + 8);
  });

  it('reads its tensors under a prefix', () => {
    const prefixed = new Map([...weights].map(([name, value]) => [`model.layers.3.temporal_block.${name}`, value]));
    const cell = rgLruCell(prefixed, 'model.layers.3.temporal_block.', config);
    const state = makeState(cell.layout);
    cell.init(state);
    cell.scan!(state, noiseRows(3, 10, 3), new Float32Array(30), 10);
    expect(state.bytes).toEqual(stateAfter(10).state.bytes);
  });

  it('takes the first row whole and later ones by the root of 1 - a^2', () => {
    const [gates, x, rate] = [Float64Array.of(0.5, 0.5), Float32Array.of(1, -2), Float64Array.of(1, 0.01)];
    const [a, b] = [new Float64Array(2), new Float64Array(2)];
    rgLruCoefficients(gates, gates, x, rate, 1, true, a, b);
    expect([...a, ...b]).toEqual([0, 0, 0.5, -1]);
    rgLruCoefficients(gates, gates, x, rate, 1, false, a, b);
    expect(a[0]).toBeCloseTo(Math.exp(-0.5), 15);
    expect(b[1]).toBeCloseTo(-Math.sqrt(1 - Math.exp(-0.01)), 15);
    expect(stateAfter(1).state.at.h).not.toEqual(new Float32Array(4));
  });

  it('knows its first row after a restore, and after a gap before it', () => {
    const { cell, state } = stateAfter(1);
    expect(state.at.started[0]).toBe(1);
    const waited = makeState(cell.layout);
    cell.init(waited);
    cell.skip!(waited, 50);
    const y = new Float32Array(3);
    cell.step(waited, noiseRows(3, 1, 3), y);
    expect(waited.bytes).toEqual(state.bytes);
  });

  it('forgets by elapsed time: a row two rows late decays h twice and takes in 1 - a^4', () => {
    const [gates, x, rate] = [Float64Array.of(0.3), Float32Array.of(1), Float64Array.of(0.7)];
    const at = (dt: number) => {
      const [a, b] = [new Float64Array(1), new Float64Array(1)];
      rgLruCoefficients(gates, gates, x, rate, dt, false, a, b);
      return { a: a[0]!, b: b[0]! };
    };
    expect(at(2).a).toBeCloseTo(at(0.5).a * at(1.5).a, 14);
    expect(at(2).b).toBeCloseTo(0.3 * Math.sqrt(1 - at(1).a ** 4), 14);
    const [onTime, late] = [stateAfter(20), stateAfter(20)];
    const [x20, y] = [noiseRows(9, 1, 3), new Float32Array(3)];
    onTime.cell.step(onTime.state, x20, y);
    late.cell.stepAfter!(late.state, x20, y, 3);
    expect(late.state.at.h).not.toEqual(onTime.state.at.h);
    expect(late.state.at.conv).toEqual(onTime.state.at.conv);
  });

  it('skips rows as rows with the gate at its bias and no input', () => {
    const { cell, state } = stateAfter(20);
    const h = state.at.h.slice();
    cell.skip!(state, 2);
    const softplus = (v: number) => Math.log(1 + Math.exp(v));
    const [bias, param] = [weights.get('rg_lru.recurrent_gate_bias')!, weights.get('rg_lru.recurrent_param')!];
    const r = 1 / (1 + Math.exp(-bias.data[3]!));
    expect(state.at.h[3]).toBeCloseTo(h[3]! * Math.exp(-2 * 8 * r * softplus(param.data[3]!)), 6);
    expect([...state.at.conv.slice(1, 3)]).toEqual([0, 0]); // of channel 0, the two newest inputs
    cell.skip!(state, 1e9);
    expect(Math.max(...state.at.h.map(Math.abs), ...state.at.conv.map(Math.abs))).toBe(0);
  });

  it('counts its operations', () => {
    // Three dense layers of 3 x 4, two gates of two 2 x 2 blocks, four taps, some ten a channel.
    expect(rgLruCell(weights, '', config).flops).toBe(3 * 24 + 2 * 2 * 8 + 2 * 4 * 4 + 10 * 4);
  });

  it.each([
    [
      'a missing tensor',
      { weights: new Map([...weights].filter(([name]) => !name.includes('param'))) },
      'ERR_WEIGHTS_MISSING',
    ],
    ['a wrong shape', { config: { ...config, dConv: 3 } }, 'ERR_WEIGHTS_SHAPE'],
    ['heads that do not divide', { config: { ...config, heads: 3 } }, 'ERR_CONFIG_INVALID'],
    ['no width', { config: { ...config, lruWidth: 0 } }, 'ERR_CONFIG_INVALID'],
    ['half a tap', { config: { ...config, dConv: 3.5 } }, 'ERR_CONFIG_INVALID'],
    ['an absurd width', { config: { ...config, dModel: 1e300 } }, 'ERR_CONFIG_INVALID'],
  ])('refuses %s', (_what, change, code) => {
    const given = { weights, config, ...change };
    expect(() => rgLruCell(given.weights, '', given.config)).toThrow(expect.objectContaining({ code }));
  });
});
