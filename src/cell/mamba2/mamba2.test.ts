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

  it('counts its multiply-adds', () => {
    const [D, E, G, N, K, H] = [4, 8, config.nGroups, config.dState, config.dConv, 2];
    const layers = 2 * (D * (2 * E + 2 * G * N + H) + (E + 2 * G * N) * K + E * D);
    expect(mamba2Cell(weights, '', config).flops).toBe(layers + 5 * E * N);
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

  it('with dt = 0 leaves h as it is and reads it, with a huge dt forgets everything but the row', () => {
    const cell = mamba2Cell(weights, '', config);
    const states = [0, 1].map((h) => {
      const state = makeState(cell.layout);
      cell.init(state);
      cell.scan!(state, noiseRows(3, 20, 4), new Float32Array(80), 20);
      if (h === 1) state.at.ssm.fill(1e6);
      return state;
    });
    const [x, y, other] = [noiseRows(4, 1, 4), new Float32Array(4), new Float32Array(4)];
    const h = states[0]!.at.ssm.slice();
    cell.stepAfter!(states[0]!, x, y, 0);
    expect(states[0]!.at.ssm).toEqual(h);
    states[0]!.at.ssm.fill(0);
    states[0]!.at.conv.set(states[1]!.at.conv);
    cell.stepAfter!(states[0]!, x, other, 0);
    expect(closeTo(y, other, 1e-2)).toBe(false); // h was read
    states[0]!.at.conv.set(states[1]!.at.conv);
    cell.stepAfter!(states[0]!, x, y, 1e6);
    cell.stepAfter!(states[1]!, x, other, 1e6);
    expect(states[0]!.at.ssm).toEqual(states[1]!.at.ssm);
    expect(y).toEqual(other);
    for (const dt of [-1, NaN, Infinity]) expect(() => cell.stepAfter!(states[0]!, x, y, dt)).toThrow(/length of time/);
  });

  it('takes a late row with the dt it would have if in_proj had said so', () => {
    // Without biases of dt the model's dt is softplus(raw): a dt limited to exactly 0.1 and stretched by 3 is one of 0.3.
    const x = noiseRows(5, 1, 4);
    const [y, other] = [new Float32Array(4), new Float32Array(4)];
    for (const [limit, factor, to] of [
      [0.1, 3, y],
      [0.3, 1, other],
    ] as const) {
      const cell = mamba2Cell(weights, '', { ...config, dtLimit: [limit, limit] });
      const state = makeState(cell.layout);
      state.at.ssm.fill(1);
      cell.stepAfter!(state, x, to, factor);
    }
    expect(closeTo(y, other, 1e-6)).toBe(true);
  });

  it('norms the whole row or each group, as the config says', () => {
    const grouped = sampleMamba2(2);
    const x = noiseRows(6, 30, 4);
    const y = outputs(mamba2Cell(grouped.weights, '', { ...grouped.config, normOver: 'group' }), x);
    const row = outputs(mamba2Cell(grouped.weights, '', { ...grouped.config, normOver: 'row' }), x);
    expect(closeTo(y, row, 1e-3)).toBe(false);
    const { normOver: _, ...unsaid } = grouped.config;
    expect(outputs(mamba2Cell(grouped.weights, '', unsaid), x)).toEqual(row);
    expect(closeTo(row, naiveMamba2(grouped.weights, '', unsaid, x, 30), 1e-5)).toBe(true);
    const one = outputs(mamba2Cell(weights, '', { ...config, normOver: 'group' }), x);
    expect(one).toEqual(outputs(mamba2Cell(weights, '', config), x)); // one group is the row
  });

  it('runs without a bias in its convolution', () => {
    const bare = new Map([...weights].filter(([name]) => name !== 'conv1d.bias'));
    const zeros = new Map(weights).set('conv1d.bias', { shape: [16], data: new Float32Array(16) });
    const x = noiseRows(7, 20, 4);
    const y = outputs(mamba2Cell(bare, '', { ...config, convBias: false }), x);
    expect(y).toEqual(outputs(mamba2Cell(zeros, '', config), x));
  });

  it.each([1, 2, 7, 16, 50, 64])('gives the rows and the state of its steps in chunks of %i', (chunkRows) => {
    for (const seed of [1, 2]) {
      const given = sampleMamba2(seed);
      const cell = mamba2Cell(given.weights, '', { ...given.config, chunkRows });
      const x = noiseRows(8, 50, 4);
      const [state, other] = [makeState(cell.layout), makeState(cell.layout)];
      const [y, expected] = [new Float32Array(200), new Float32Array(200)];
      cell.forms!.ssd!.scan(state, x, y, 50);
      cell.scan!(other, x, expected, 50);
      expect(closeTo(y, expected, 2e-6)).toBe(true);
      expect(closeTo(state.at.ssm, other.at.ssm, 2e-6)).toBe(true);
      if (chunkRows === 1) expect(state.at.ssm).toEqual(other.at.ssm); // a chunk of one row is the step
      expect(state.at.conv).toEqual(other.at.conv);
    }
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
    ['a bias that the config does not name', { config: { ...config, convBias: false } }, 'ERR_CONFIG_INVALID'],
    ['a bias that is not there', { config: { ...config, projBias: true } }, 'ERR_WEIGHTS_MISSING'],
    ['half a row a chunk', { config: { ...config, chunkRows: 0.5 } }, 'ERR_CONFIG_INVALID'],
    ['no state', { config: { ...config, dState: 0 } }, 'ERR_CONFIG_INVALID'],
    ['an eps of zero', { config: { ...config, eps: 0 } }, 'ERR_CONFIG_INVALID'],
    ['an empty dt range', { config: { ...config, dtLimit: [1, 0] as const } }, 'ERR_CONFIG_INVALID'],
  ])('refuses %s', (_what, change, code) => {
    const given = { weights, config, ...change };
    expect(() => mamba2Cell(given.weights, '', given.config)).toThrow(expect.objectContaining({ code }));
  });
});
