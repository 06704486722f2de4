import { describe, expect, it } from 'vitest';
import { closeTo, noiseRows } from '../laws.ts';
import { makeState, stateBytes } from '../state.ts';
import { mamba2Cell, naiveMamba2 } from './index.ts';
import { sampleMamba2 } from './sample.ts';

const { weights, config } = sampleMamba2(1);

function outputs(cell: ReturnType<typeof mamba2Cell>, x: Float32Array): Float32Array {
  const rows = x.length / cell.dIn;
  const state = makeState(cell.layout);
  cell.init(state);
  const y = new Float32Array(rows * cell.dOut);
  cell.scan!(state, x, y, rows);
  return y;
}

describe('mamba2Cell', () => {
  it('has the state its README promises: 4 [(E + 2GN)(K - 1) + E N] bytes', () => {
    const [E, G, N, K] = [8, config.nGroups, config.dState, config.dConv];
    expect(stateBytes(mamba2Cell(weights, '', config).layout)).toBe(4 * ((E + 2 * G * N) * (K - 1) + E * N));
  });

  it('reads its tensors under a prefix', () => {
    const prefixed = new Map([...weights].map(([name, value]) => [`backbone.layers.3.mixer.${name}`, value]));
    const x = noiseRows(1, 10, 4);
    const y = outputs(mamba2Cell(prefixed, 'backbone.layers.3.mixer.', config), x);
    expect(y).toEqual(outputs(mamba2Cell(weights, '', config), x));
  });

  it('clamps dt on both sides, as its twin does', () => {
    const x = noiseRows(2, 30, 4);
    const free = outputs(mamba2Cell(weights, '', config), x);
    for (const dtLimit of [
      [0.4, 1],
      [0, 0.01],
    ] as const) {
      const clamped = { ...config, dtLimit };
      const y = outputs(mamba2Cell(weights, '', clamped), x);
      expect(closeTo(y, naiveMamba2(weights, '', clamped, x, 30), 1e-5)).toBe(true);
      expect(closeTo(y, free, 1e-2)).toBe(false);
    }
  });

  it('skips rows as rows with the decay of dt_bias and no input', () => {
    const cell = mamba2Cell(weights, '', config);
    const state = makeState(cell.layout);
    cell.init(state);
    cell.scan!(state, noiseRows(3, 20, 4), new Float32Array(80), 20);
    const h = state.at.ssm.slice();
    cell.skip!(state, 2);
    const softplus = (v: number) => Math.log(1 + Math.exp(v));
    const [bias, aLog] = [weights.get('dt_bias')!.data[0]!, weights.get('A_log')!.data[0]!];
    const decay = Math.exp(-2 * softplus(bias) * Math.exp(aLog));
    expect(state.at.ssm[5]).toBeCloseTo(h[5]! * decay, 6);
    expect([...state.at.conv.slice(1, 3)]).toEqual([0, 0]); // of channel 0, the two newest inputs
    cell.skip!(state, 1e9);
    expect(Math.max(...state.at.ssm.map(Math.abs), ...state.at.conv.map(Math.abs))).toBe(0);
  });

  it.each([
    [
      'a missing tensor',
      { weights: new Map([...weights].filter(([name]) => name !== 'A_log')) },
      'ERR_WEIGHTS_MISSING',
    ],
    ['a wrong shape', { config: { ...config, dConv: 3 } }, 'ERR_WEIGHTS_SHAPE'],
    ['heads that do not divide', { config: { ...config, headDim: 3 } }, 'ERR_CONFIG_INVALID'],
    ['groups that do not divide', { config: { ...config, nGroups: 3 } }, 'ERR_CONFIG_INVALID'],
    ['no state', { config: { ...config, dState: 0 } }, 'ERR_CONFIG_INVALID'],
    ['an eps of zero', { config: { ...config, eps: 0 } }, 'ERR_CONFIG_INVALID'],
    ['an empty dt range', { config: { ...config, dtLimit: [1, 0] as const } }, 'ERR_CONFIG_INVALID'],
  ])('refuses %s', (_what, change, code) => {
    const given = { weights, config, ...change };
    expect(() => mamba2Cell(given.weights, '', given.config)).toThrow(expect.objectContaining({ code }));
  });
});
