import { describe, expect, it } from 'vitest';
import { closeTo, noiseRows } from '../laws.ts';
import { makeState, stateBytes } from '../state.ts';
import { mamba3Cell, naiveMamba3 } from './index.ts';
import { mamba3Decay } from './params.ts';
import { sampleMamba3 } from './sample.ts';

const { weights, config } = sampleMamba3(1);
const [D, E, H, N, S] = [4, 8, 2, 4, 1];

/** A state after `rows` rows of noise. */
function running(cell: ReturnType<typeof mamba3Cell>, rows: number) {
  const state = makeState(cell.layout);
  cell.init(state);
  cell.scan!(state, noiseRows(3, rows, D), new Float32Array(rows * D), rows);
  return state;
}

describe('mamba3Cell', () => {
  it('has the state its README promises: 4 (E N + H N + E) + 8 H S bytes', () => {
    expect(stateBytes(mamba3Cell(weights, '', config).layout)).toBe(4 * (E * N + H * N + E) + 8 * H * S);
  });

  it('counts its multiply-adds', () => {
    const dProj = 2 * E + 2 * N + 3 * H + S;
    expect(mamba3Cell(weights, '', config).flops).toBe(2 * D * (dProj + E) + 7 * E * N + 12 * H * S);
  });

  it('reads its tensors under a prefix', () => {
    const prefixed = new Map([...weights].map(([name, value]) => [`backbone.layers.3.mixer.${name}`, value]));
    const state = running(mamba3Cell(prefixed, 'backbone.layers.3.mixer.', config), 10);
    expect(state.bytes).toEqual(running(mamba3Cell(weights, '', config), 10).bytes);
  });

  it('with dt = 0 leaves h and the angle as they are, and reads h', () => {
    const cell = mamba3Cell(weights, '', config);
    const state = running(cell, 20);
    const [h, angle] = [state.at.h.slice(), state.at.angle.slice()];
    const [x, y, other] = [noiseRows(4, 1, D), new Float32Array(D), new Float32Array(D)];
    cell.stepAfter!(state, x, y, 0);
    expect(state.at.h).toEqual(h);
    expect(state.at.angle).toEqual(angle);
    state.at.h.fill(0);
    cell.stepAfter!(state, x, other, 0);
    expect(closeTo(y, other, 1e-2)).toBe(false);
  });

  it('with a huge dt forgets everything but the row', () => {
    const cell = mamba3Cell(weights, '', config);
    const states = [running(cell, 20), running(cell, 20)];
    states[1]!.at.h.fill(1e6);
    states[1]!.at.k.fill(1e3);
    states[1]!.at.v.fill(1e3);
    const y = states.map((state) => {
      const row = new Float32Array(D);
      cell.stepAfter!(state, noiseRows(4, 1, D), row, 1e7);
      return row;
    });
    expect(states[0]!.bytes).toEqual(states[1]!.bytes);
    expect(y[0]).toEqual(y[1]);
    for (const dt of [-1, NaN, Infinity]) {
      expect(() => cell.stepAfter!(states[0]!, noiseRows(4, 1, D), y[0]!, dt)).toThrow(/length of time/);
    }
  });

  it('gathers the same angle in two rows on time as in one late row of the same kind', () => {
    const cell = mamba3Cell(weights, '', config);
    const [state, other] = [makeState(cell.layout), makeState(cell.layout)];
    const [x, y] = [noiseRows(5, 1, D), new Float32Array(D)];
    cell.step(state, x, y);
    cell.step(state, x, y);
    cell.stepAfter!(other, x, y, 2);
    for (const [i, angle] of other.at.angle.entries()) expect(angle).toBeCloseTo(state.at.angle[i]!, 12);
    expect(Math.max(...other.at.angle)).toBeGreaterThan(0);
  });

  it.each([1, 2])('of seed %i skips rows as rows of zeros', (seed) => {
    const given = sampleMamba3(seed);
    const cell = mamba3Cell(given.weights, '', given.config);
    const [state, other] = [running(cell, 20), running(cell, 20)];
    cell.skip!(state, 3);
    cell.scan!(other, new Float32Array(3 * D), new Float32Array(3 * D), 3);
    const x = noiseRows(6, 20, D);
    const y = [state, other].map((at) => {
      const rows = new Float32Array(20 * D);
      cell.scan!(at, x, rows, 20);
      return rows;
    });
    expect(closeTo(y[0]!, y[1]!, 1e-6)).toBe(true);
    cell.skip!(state, 1e9);
    expect(Math.max(...state.at.h.map(Math.abs), ...state.at.v.map(Math.abs))).toBe(0);
  });

  it.each([1, 2, 7, 16, 50, 64])('gives the rows and the state of its steps in chunks of %i', (chunkRows) => {
    for (const seed of [1, 2]) {
      const given = sampleMamba3(seed);
      const cell = mamba3Cell(given.weights, '', { ...given.config, chunkRows });
      const [state, other] = [running(cell, 5), running(cell, 5)];
      const x = noiseRows(8, 50, D);
      const [y, expected] = [new Float32Array(200), new Float32Array(200)];
      cell.forms!.ssd!.scan(state, x, y, 50);
      cell.scan!(other, x, expected, 50);
      expect(closeTo(y, expected, 2e-6)).toBe(true);
      expect(closeTo(state.at.h, other.at.h, 2e-6)).toBe(true);
      for (const slot of ['k', 'v', 'angle'] as const) expect(state.at[slot]).toEqual(other.at[slot]);
    }
  });

  it('decays by either rule of upstream, never slower than its floor', () => {
    const rational = { decayFrom: 'rational', aFloor: 1e-4 } as const;
    expect([2, 0, -3].map((raw) => mamba3Decay(raw, rational))).toEqual([-3, -1, -0.25]);
    expect(mamba3Decay(-1e6, rational)).toBe(-1e-4);
    expect(mamba3Decay(0, { ...rational, decayFrom: 'softplus' })).toBeCloseTo(-Math.log(2), 12);
    const x = noiseRows(9, 30, D);
    const rows = (['rational', 'softplus'] as const).map((decayFrom) => {
      const cell = mamba3Cell(weights, '', { ...config, decayFrom });
      const y = new Float32Array(30 * D);
      cell.scan!(makeState(cell.layout), x, y, 30);
      expect(closeTo(y, naiveMamba3(weights, '', { ...config, decayFrom }, x, 30), 1e-5)).toBe(true);
      return y;
    });
    expect(closeTo(rows[0]!, rows[1]!, 1e-3)).toBe(false);
  });

  const mimo = new Map(weights).set('mimo_x', { shape: [2, 4, 4], data: new Float32Array(32) });
  it.each([
    [
      'a missing tensor',
      { weights: new Map([...weights].filter(([name]) => name !== 'B_bias')) },
      'ERR_WEIGHTS_MISSING',
    ],
    ['a mixer with many inputs', { weights: mimo }, 'ERR_CONFIG_INVALID'],
    ['a norm that is not there', { config: { ...config, outNorm: true } }, 'ERR_WEIGHTS_MISSING'],
    [
      'a norm that the config does not name',
      { ...sampleMamba3(2), config: { ...sampleMamba3(2).config, outNorm: false } },
      'ERR_CONFIG_INVALID',
    ],
    ['a wrong shape', { config: { ...config, ropeFraction: 1 as const } }, 'ERR_WEIGHTS_SHAPE'],
    ['another fraction', { config: { ...config, ropeFraction: 0.25 as 0.5 } }, 'ERR_CONFIG_INVALID'],
    ['a state too small to turn', { config: { ...config, dState: 2 } }, 'ERR_CONFIG_INVALID'],
    ['heads that do not divide', { config: { ...config, headDim: 3 } }, 'ERR_CONFIG_INVALID'],
    ['groups that do not divide', { config: { ...config, nGroups: 3 } }, 'ERR_CONFIG_INVALID'],
    ['no floor', { config: { ...config, aFloor: 0 } }, 'ERR_CONFIG_INVALID'],
    ['an eps of zero', { config: { ...config, eps: 0 } }, 'ERR_CONFIG_INVALID'],
  ])('refuses %s', (_what, change, code) => {
    const given = { weights, config, ...change };
    expect(() => mamba3Cell(given.weights, '', given.config)).toThrow(expect.objectContaining({ code }));
  });
});
