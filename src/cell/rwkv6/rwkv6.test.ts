import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../weights/tensor.ts';
import type { Cell } from '../cell.ts';
import * as laws from '../laws.ts';
import { type Layout, makeState, type State, stateBytes } from '../state.ts';
import { naiveRwkv6ChannelMix, rwkv6Cell, rwkv6ChannelMixCell } from './index.ts';
import { sampleRwkv6 } from './sample.ts';

const { weights, config } = sampleRwkv6(2);
const timeMix = (given: ReadonlyMap<string, Tensor> = weights) => rwkv6Cell(given, 'att.', config);
const channelMix = () => rwkv6ChannelMixCell(weights, 'ffn.', config);
const warm = <L extends Layout>(cell: Cell<L>): State<L> => {
  const state = makeState(cell.layout);
  cell.init(state);
  cell.scan!(state, laws.noiseRows(3, 20, cell.dIn), new Float32Array(20 * cell.dOut), 20);
  return state;
};
/** The sample with some tensors changed value by value. */
const changed = (changes: Record<string, (value: number) => number>) => {
  const all = new Map(weights);
  for (const [name, change] of Object.entries(changes)) {
    const { shape, data } = weights.get(name)!;
    all.set(name, { shape, data: data.map(change) });
  }
  return all;
};

describe('rwkv6Cell', () => {
  it('has the state its README promises: 4 D (N + 1) bytes, and 4 D for the channel mixing', () => {
    const { dModel: D, headDim: N } = config;
    expect(stateBytes(timeMix().layout)).toBe(4 * D * (N + 1));
    expect(stateBytes(channelMix().layout)).toBe(4 * D);
  });

  it('reads a row before it decays what it reads: with w = 0 it sees the product of the row before, and no older', () => {
    const cell = timeMix(changed({ 'att.time_decay': () => 50, 'att.time_decay_w2': () => 0 }));
    const x = laws.noiseRows(6, 4, 4);
    const run = (first: Float32Array): Float32Array => {
      const state = makeState(cell.layout);
      cell.init(state);
      const y = new Float32Array(16);
      cell.scan!(state, Float32Array.of(...first, ...x.subarray(4)), y, 4);
      return y;
    };
    const [one, other] = [run(x.subarray(0, 4)), run(laws.noiseRows(7, 1, 4))];
    expect(laws.sameBits(one.subarray(8, 12), other.subarray(8, 12))).toBe(false); // row 2 reads k v of row 1, mixed with row 0
    expect(laws.sameBits(one.subarray(12), other.subarray(12))).toBe(true);
  });

  it('with w = 1 sums the outer products of keys and values', () => {
    const unshifted = Object.fromEntries(['k', 'v'].map((s) => [`att.time_maa_${s}`, () => 0]));
    const cell = timeMix(changed({ ...unshifted, 'att.time_decay': () => -1e3, 'att.time_maa_w2': () => 0 }));
    const state = makeState(cell.layout);
    cell.init(state);
    const x = laws.noiseRows(7, 30, 4);
    cell.scan!(state, x, new Float32Array(120), 30);
    const expected = new Float64Array(8);
    const dot = (name: string, row: number, t: number) =>
      [0, 1, 2, 3].reduce((sum, j) => sum + weights.get(name)!.data[row * 4 + j]! * x[t * 4 + j]!, 0);
    for (let t = 0; t < 30; t++) {
      for (let at = 0; at < 8; at++) {
        const key = Math.floor(at / 2); // S [2 heads, 2 keys, 2 values]
        const value = 2 * Math.floor(at / 4) + (at % 2);
        expected[at] = expected[at]! + dot('att.key.weight', key, t) * dot('att.value.weight', value, t);
      }
    }
    expect(laws.closeTo(state.at.S, expected, 1e-5)).toBe(true);
  });

  it('decays over a gap as time_decay alone says, and holds the token shift', () => {
    const cell = timeMix();
    const state = warm(cell);
    const [S, shift] = [state.at.S.slice(), state.at.shift.slice()];
    cell.skip!(state, 3);
    const decay = Math.exp(-3 * Math.exp(weights.get('att.time_decay')!.data[1]!));
    expect(state.at.S[2]).toBeCloseTo(S[2]! * decay, 6); // head 0, key 1, value 0
    expect(state.at.shift).toEqual(shift);
    cell.skip!(state, 1e9);
    expect(Math.max(...state.at.S.map(Math.abs))).toBe(0);
  });

  it('takes dt as a factor on the log decay of the row', () => {
    const cell = timeMix(changed({ 'att.key.weight': () => 0 })); // nothing is written: S only decays
    const run = (dt: number | undefined) => {
      const state = warm(timeMix());
      const y = new Float32Array(4);
      const x = laws.noiseRows(5, 1, 4);
      if (dt === undefined) cell.step(state, x, y);
      else cell.stepAfter!(state, x, y, dt);
      return { S: state.at.S, y };
    };
    const [start, one, stepped] = [warm(timeMix()).at.S, run(1), run(undefined)];
    expect(laws.sameBits(one.S, stepped.S) && laws.sameBits(one.y, stepped.y)).toBe(true);
    for (const dt of [0.25, 3.5]) {
      const expected = start.map((value, i) => value * (one.S[i]! / value) ** dt);
      expect(laws.closeTo(run(dt).S, expected, 1e-5)).toBe(true);
    }
  });

  it.each([
    ['a missing tensor', { weights: new Map([...weights].filter(([name]) => name !== 'att.time_maa_w2')) }, 'MISSING'],
    [
      'ranks that differ',
      { weights: new Map([...weights, ['att.time_decay_w2', weights.get('att.time_decay')!]]) },
      'SHAPE',
    ],
    ['a wrong width', { config: { ...config, dModel: 8 } }, 'SHAPE'],
    ['heads that do not divide', { config: { ...config, headDim: 3 } }, 'INVALID'],
    ['a head of no width', { config: { ...config, headDim: 0 } }, 'INVALID'],
  ])('refuses %s', (_what, change, code) => {
    const given = { weights, config, ...change };
    const error = expect.objectContaining({ code: expect.stringContaining(code) });
    expect(() => rwkv6Cell(given.weights, 'att.', given.config)).toThrow(error);
  });
});

// test/laws runs over the time mixing, the folder's own kind; the channel mixing obeys the same laws.
describe('the channel mixing of RWKV-6', () => {
  const naive = (x: Float32Array, rows: number) => naiveRwkv6ChannelMix(weights, 'ffn.', config, x, rows);
  const sample: laws.Sample = { make: channelMix, naive };
  const { startable, chunking, causal, forgetting, isolated, resumable, faithful, skippable } = laws;
  const named = { startable, chunking, causal, forgetting, isolated, resumable, faithful, skippable };
  it.each(Object.entries(named))('is %s', (_law, law) => law(sample));
  it('stays finite', () => laws.finite(sample, 20_000));
});
