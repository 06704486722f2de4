import { describe, expect, it } from 'vitest';
import { wkv7Step } from '../../kernel/plain/rwkv7-wkv-step.ts';
import type { Tensor } from '../../weights/tensor.ts';
import type { Cell } from '../cell.ts';
import * as laws from '../laws.ts';
import { type Layout, makeState, type State, stateBytes } from '../state.ts';
import { naiveRwkv7ChannelMix, rwkv7Cell, rwkv7ChannelMixCell } from './index.ts';
import { sampleRwkv7 } from './sample.ts';

const { weights, config } = sampleRwkv7(2); // layer 0, two heads of 2
const later = sampleRwkv7(3); // a later layer, one head of 2
const timeMix = (given: ReadonlyMap<string, Tensor> = weights) => rwkv7Cell(given, 'att.', config);
const channelMix = () => rwkv7ChannelMixCell(weights, 'ffn.', config);
const started = <L extends Layout>(cell: Cell<L>): State<L> => {
  const state = makeState(cell.layout);
  cell.init(state);
  return state;
};
const scanned = <L extends Layout>(cell: Cell<L>, x: Float32Array, state = started(cell)) => {
  const rows = x.length / cell.dIn;
  const y = new Float32Array(rows * cell.dOut);
  cell.scan!(state, x, y, rows);
  return { state, y };
};
const warm = () => scanned(timeMix(), laws.noiseRows(3, 20, 4)).state;
/** The tensors with some filled with one value. */
const filled = (all: ReadonlyMap<string, Tensor>, values: Record<string, number>) => {
  const changed = new Map(all);
  for (const [name, value] of Object.entries(values)) {
    const { shape, data } = all.get(name)!;
    changed.set(name, { shape, data: data.map(() => value) });
  }
  return changed;
};

describe('rwkv7Cell', () => {
  it('has the state its README promises: 4 D (N + 1) bytes, and 4 D for the channel mixing', () => {
    const { dModel: D, headDim: N } = config;
    expect(stateBytes(timeMix().layout)).toBe(4 * D * (N + 1));
    expect(stateBytes(channelMix().layout)).toBe(4 * D);
  });

  it('of layer 0 writes v_first beside y: the value of the row', () => {
    const cell = timeMix(filled(weights, { 'att.x_v': 0 })); // no token shift: v = value x
    expect([cell.dIn, cell.dOut]).toEqual([4, 8]);
    const x = laws.noiseRows(4, 1, 4);
    const { y } = scanned(cell, x);
    const value = weights.get('att.value.weight')!.data;
    const expected = [0, 1, 2, 3].map((i) => x.reduce((sum, xj, j) => sum + value[i * 4 + j]! * xj, 0));
    expect(laws.closeTo(y.subarray(4), expected, 1e-6)).toBe(true);
  });

  it('of a later layer reads v_first beside x, as far as v0 lets it', () => {
    const x = laws.noiseRows(5, 12, 4); // [x | v_first]
    const other = x.map((value, i) => (i % 4 < 2 ? value : -3 * value));
    const run = (v0: number, input: Float32Array) =>
      scanned(rwkv7Cell(filled(later.weights, { 'att.v0': v0 }), 'att.', later.config), input).y;
    expect(laws.sameBits(run(-1e3, x), run(-1e3, other))).toBe(true); // sigmoid(-1000) = 0: its own v alone
    expect(laws.sameBits(run(0, x), run(0, other))).toBe(false);
    const own = new Map(filled(later.weights, { 'att.v0': 1e3 }));
    const taken = run(1e3, x); // all of v_first: `value` plays no part
    own.set('att.value.weight', { shape: [2, 2], data: Float32Array.of(9, 8, 7, 6) });
    expect(laws.closeTo(scanned(rwkv7Cell(own, 'att.', later.config), x).y, taken, 1e-6)).toBe(true);
  });

  it('has in its core an exact memory: a value written under a unit key replaces the one that was there', () => {
    const [N, keep, all] = [3, new Float64Array(3).fill(1), new Float64Array(3).fill(1)];
    const S = new Float32Array(9);
    const y = new Float32Array(3);
    const keys = [Float32Array.of(0.6, 0.8, 0), Float32Array.of(-0.8, 0.6, 0), Float32Array.of(0, 0, 1)];
    const write = (key: Float32Array, value: Float32Array, read: Float32Array) =>
      wkv7Step(S, keep, read, key, value, Float64Array.from(key), all, y, N);
    for (const [i, key] of keys.entries()) write(key, Float32Array.of(i, i + 1, i + 2), key);
    write(keys[1]!, Float32Array.of(7, 8, 9), keys[1]!);
    expect(laws.closeTo(y, [7, 8, 9], 1e-6)).toBe(true);
    for (const [i, value] of [
      [0, 1, 2],
      [7, 8, 9],
      [2, 3, 4],
    ].entries()) {
      wkv7Step(S, keep, keys[i]!, new Float32Array(3), new Float32Array(3), new Float64Array(3), all, y, N);
      expect(laws.closeTo(y, value, 1e-6)).toBe(true);
    }
  });

  it('stays silent on silence from the start: a key of length 0 has no direction', () => {
    const cell = timeMix(filled(weights, { 'att.ln_x.bias': 0 }));
    const { state, y } = scanned(cell, new Float32Array(40));
    expect(Math.max(...y.map(Math.abs), ...state.at.S.map(Math.abs))).toBe(0);
  });

  it('decays over a gap as w0 alone says, and holds the token shift', () => {
    const cell = timeMix();
    const state = warm();
    const [S, shift] = [state.at.S.slice(), state.at.shift.slice()];
    cell.skip!(state, 3);
    const logDecay = (i: number) => Math.exp(-0.5) / (1 + Math.exp(-weights.get('att.w0')!.data[i]!));
    for (const [at, key] of [
      [1, 1],
      [2, 0],
      [4, 2],
      [7, 3],
    ] as const) {
      expect(state.at.S[at]).toBeCloseTo(S[at]! * Math.exp(-3 * logDecay(key)), 6); // S [2 heads, 2 values, 2 keys]
    }
    expect(state.at.shift).toEqual(shift);
    cell.skip!(state, 1e9);
    expect(Math.max(...state.at.S.map(Math.abs))).toBe(0);
  });

  it('takes dt as a factor on the log decay of the row', () => {
    const cell = timeMix(filled(weights, { 'att.key.weight': 0 })); // nothing is erased or written: S only decays
    const x = laws.noiseRows(5, 1, 4);
    const run = (advance: (state: ReturnType<typeof warm>, y: Float32Array) => void) => {
      const [state, y] = [warm(), new Float32Array(8)];
      advance(state, y);
      return { S: state.at.S, y };
    };
    const start = warm().at.S;
    const stepped = run((state, y) => cell.step(state, x, y));
    const one = run((state, y) => cell.stepAfter!(state, x, y, 1));
    expect(laws.sameBits(one.S, stepped.S) && laws.sameBits(one.y, stepped.y)).toBe(true);
    for (const dt of [0.25, 3.5]) {
      const expected = start.map((value, i) => value * (one.S[i]! / value) ** dt);
      expect(laws.closeTo(run((state, y) => cell.stepAfter!(state, x, y, dt)).S, expected, 1e-5)).toBe(true);
    }
  });

  it.each([
    ['a missing tensor', { weights: new Map([...weights].filter(([name]) => name !== 'att.a2')) }, 'MISSING'],
    ['a later layer without v0', { config: { ...config, first: false } }, 'MISSING'],
    ['ranks that differ', { weights: new Map([...weights, ['att.g2', weights.get('att.w2')!]]) }, 'SHAPE'],
    ['heads that do not divide', { config: { ...config, headDim: 3 } }, 'INVALID'],
    ['a width of zero', { config: { ...config, dHidden: 0 } }, 'INVALID'],
  ])('refuses %s', (_what, change, code) => {
    const given = { weights, config, ...change };
    const error = expect.objectContaining({ code: expect.stringContaining(code) });
    expect(() => rwkv7Cell(given.weights, 'att.', given.config)).toThrow(error);
  });
});

// test/laws runs over the time mixing, the folder's own kind; the channel mixing obeys the same laws.
describe('the channel mixing of RWKV-7', () => {
  const naive = (x: Float32Array, rows: number) => naiveRwkv7ChannelMix(weights, 'ffn.', config, x, rows);
  const sample: laws.Sample = { make: channelMix, naive };
  const { startable, chunking, causal, forgetting, isolated, resumable, faithful, skippable } = laws;
  const named = { startable, chunking, causal, forgetting, isolated, resumable, faithful, skippable };
  it.each(Object.entries(named))('is %s', (_law, law) => law(sample));
  it('stays finite', () => laws.finite(sample, 20_000));
});
