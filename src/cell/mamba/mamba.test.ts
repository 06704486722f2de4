import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../weights/tensor.ts';
import { closeTo, noiseRows } from '../laws.ts';
import { makeState, stateBytes } from '../state.ts';
import { mambaCell, naiveMamba } from './index.ts';
import { sampleMamba } from './sample.ts';

const { weights, config } = sampleMamba(1);
const { dInner, dState, dConv } = config;

type Mamba = ReturnType<typeof mambaCell>;

/** A cell and its state after `rows` rows of noise. */
function running(cell: Mamba, rows: number) {
  const state = makeState(cell.layout);
  cell.init(state);
  const y = new Float32Array(rows * cell.dOut);
  cell.scan!(state, noiseRows(3, rows, cell.dIn), y, rows);
  return { cell, state, y };
}

const changed = (changes: Record<string, (value: number) => number>) =>
  new Map(
    [...weights].map(([name, { shape, data }]): [string, Tensor] => [
      name,
      { shape, data: changes[name] ? data.map(changes[name]) : data },
    ]),
  );

describe('mambaCell', () => {
  it('has the state its README promises: 4 E (K - 1 + N) bytes', () => {
    expect(stateBytes(mambaCell(weights, '', config).layout)).toBe(4 * dInner * (dConv - 1 + dState));
  });

  it('counts its multiply-adds', () => {
    const [D, E, N, K, R] = [4, dInner, dState, dConv, config.dtRank];
    const layers = 2 * (D * 2 * E + E * K + E * (R + 2 * N) + E * R + E * D);
    expect(mambaCell(weights, '', config).flops).toBe(layers + 8 * E * N);
  });

  it('reads its tensors under a prefix', () => {
    const prefixed = new Map([...weights].map(([name, value]) => [`backbone.layers.3.mixer.${name}`, value]));
    const { y } = running(mambaCell(prefixed, 'backbone.layers.3.mixer.', config), 10);
    expect(y).toEqual(running(mambaCell(weights, '', config), 10).y);
  });

  it('with dt = 0 leaves h as it is and reads it', () => {
    const { cell, state } = running(mambaCell(weights, '', config), 20);
    const h = state.at.ssm.slice();
    const x = noiseRows(4, 1, 4);
    const y = new Float32Array(4);
    cell.stepAfter!(state, x, y, 0);
    expect(state.at.ssm).toEqual(h);
    // The same with the model's own dt driven to 0: softplus(-1000) = 0.
    const still = mambaCell(changed({ 'dt_proj.bias': () => -1000 }), '', config);
    const other = running(still, 20).state;
    expect(Math.max(...other.at.ssm)).toBe(0);
    other.at.ssm.set(h);
    other.at.conv.set(running(mambaCell(weights, '', config), 20).state.at.conv);
    const read = new Float32Array(4);
    still.step(other, x, read);
    expect(other.at.ssm).toEqual(h);
    expect(read).toEqual(y);
    expect(read.some((value) => value !== 0)).toBe(true);
  });

  it('with a huge dt forgets everything but the row', () => {
    const cell = mambaCell(weights, '', config);
    const [past, other] = [running(cell, 20).state, running(cell, 20).state];
    other.at.ssm.fill(1e6);
    const y = [new Float32Array(4), new Float32Array(4)];
    cell.stepAfter!(past, noiseRows(4, 1, 4), y[0]!, 1e6);
    cell.stepAfter!(other, noiseRows(4, 1, 4), y[1]!, 1e6);
    expect(past.at.ssm).toEqual(other.at.ssm);
    expect(y[0]).toEqual(y[1]);
  });

  it('takes a row that came late with a larger dt: the decay is that of the time passed', () => {
    // Without B nothing enters h, so only its decay is left: two steps on time are one of twice the time.
    const [R, N] = [config.dtRank, dState];
    const { shape, data } = weights.get('x_proj.weight')!;
    const silent = data.map((value, i) => (i < R * dInner || i >= (R + N) * dInner ? value : 0));
    const quiet = new Map(weights).set('x_proj.weight', { shape, data: silent });
    quiet.set('dt_proj.weight', { ...quiet.get('dt_proj.weight')!, data: new Float32Array(dInner * R) });
    const cell = mambaCell(quiet, '', config);
    const states = [makeState(cell.layout), makeState(cell.layout)];
    for (const state of states) state.at.ssm.fill(1);
    const [x, y] = [noiseRows(5, 1, 4), new Float32Array(4)];
    cell.step(states[0]!, x, y);
    cell.step(states[0]!, x, y);
    cell.stepAfter!(states[1]!, x, y, 2);
    expect(closeTo(states[1]!.at.ssm, states[0]!.at.ssm, 1e-6)).toBe(true);
    expect(Math.max(...states[1]!.at.ssm)).toBeLessThan(1);
    for (const dt of [-1, NaN, Infinity]) expect(() => cell.stepAfter!(states[1]!, x, y, dt)).toThrow(/length of time/);
  });

  it('skips rows as rows with the decay of dt_proj.bias and no input', () => {
    const { cell, state } = running(mambaCell(weights, '', config), 20);
    const h = state.at.ssm.slice();
    cell.skip!(state, 2);
    const [bias, aLog] = [weights.get('dt_proj.bias')!.data[1]!, weights.get('A_log')!.data[dState + 1]!];
    const decay = Math.exp(-2 * Math.log(1 + Math.exp(bias)) * Math.exp(aLog));
    expect(state.at.ssm[dState + 1]).toBeCloseTo(h[dState + 1]! * decay, 6);
    expect([...state.at.conv.slice(1, 3)]).toEqual([0, 0]); // of channel 0, the two newest inputs
    cell.skip!(state, 1e9);
    expect(Math.max(...state.at.ssm.map(Math.abs), ...state.at.conv.map(Math.abs))).toBe(0);
  });

  it('with norms of r, B and C does not care how large the rows of x_proj are', () => {
    for (const seed of [2, 3]) {
      const { weights, config } = sampleMamba(seed);
      const { shape, data } = weights.get('x_proj.weight')!;
      const louder = new Map(weights).set('x_proj.weight', { shape, data: data.map((value) => 256 * value) });
      const x = noiseRows(6, 30, 4);
      const [y, z] = [weights, louder].map((w) =>
        naiveMamba(w, '', { ...config, selectNorm: { ...config.selectNorm!, eps: 1e-12 } }, x, 30),
      );
      expect(closeTo(z!, y!, 1e-6)).toBe(true);
    }
  });

  it.each([1, 2, 3])('of seed %i has forms that equal the slow twin', (seed) => {
    const { weights, config } = sampleMamba(seed);
    const cell = mambaCell(weights, '', config);
    const x = noiseRows(7, 150, 4); // two chunks of 64 and a ragged tail
    const expected = naiveMamba(weights, '', config, x, 150);
    for (const { scan } of Object.values(cell.forms!)) {
      const state = makeState(cell.layout);
      const y = new Float32Array(600);
      scan(state, x, y, 150);
      expect(closeTo(y, expected, 1e-5)).toBe(true);
    }
  });

  const without = (name: string) => new Map([...weights].filter(([key]) => key !== name));
  it.each([
    ['a missing tensor', { weights: without('A_log') }, 'ERR_WEIGHTS_MISSING'],
    ['a missing bias', { weights: without('conv1d.bias') }, 'ERR_WEIGHTS_MISSING'],
    ['a bias the config does not name', { config: { ...config, convBias: false } }, 'ERR_CONFIG_INVALID'],
    [
      'weights of norms the config does not name',
      { ...sampleMamba(3), config: { ...sampleMamba(3).config, selectNorm: { weights: false, eps: 1e-6 } } },
      'ERR_CONFIG_INVALID',
    ],
    ['a wrong shape', { config: { ...config, dConv: 3 } }, 'ERR_WEIGHTS_SHAPE'],
    ['no state', { config: { ...config, dState: 0 } }, 'ERR_CONFIG_INVALID'],
    ['half a channel', { config: { ...config, dInner: 4.5 } }, 'ERR_CONFIG_INVALID'],
    ['an eps of zero', { config: { ...config, selectNorm: { weights: false, eps: 0 } } }, 'ERR_CONFIG_INVALID'],
  ])('refuses %s', (_what, change, code) => {
    const given = { weights, config, ...change };
    expect(() => mambaCell(given.weights, '', given.config)).toThrow(expect.objectContaining({ code }));
  });
});
