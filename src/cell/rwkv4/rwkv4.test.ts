import { describe, expect, it } from 'vitest';
import type { Cell } from '../cell.ts';
import * as laws from '../laws.ts';
import { type Layout, makeState, type State, stateBytes } from '../state.ts';
import { naiveRwkv4ChannelMix, readRwkv4Block, rwkv4Cell, rwkv4ChannelMixCell } from './index.ts';
import { sampleRwkv4 } from './sample.ts';

const { weights, config } = sampleRwkv4(2);
const started = <L extends Layout>(cell: Cell<L>): State<L> => {
  const state = makeState(cell.layout);
  cell.init(state);
  return state;
};
const timeMix = (given = weights) => rwkv4Cell(given, 'attention.', config);
const channelMix = () => rwkv4ChannelMixCell(weights, 'feed_forward.', config);
const warm = <L extends Layout>(cell: Cell<L>): State<L> => {
  const state = started(cell);
  cell.scan!(state, laws.noiseRows(3, 20, cell.dIn), new Float32Array(20 * cell.dOut), 20);
  return state;
};

describe('rwkv4Cell', () => {
  it('has the state its README promises: 4 (D + 3 A) bytes, and 4 D for the channel mixing', () => {
    const { dModel: D, dAttention: A } = config;
    expect([D, A]).toEqual([4, 6]);
    expect(stateBytes(timeMix().layout)).toBe(4 * (D + 3 * A));
    expect(stateBytes(channelMix().layout)).toBe(4 * D);
  });

  it('survives keys of any size: only differences of exponents are taken', () => {
    const loud = new Map(weights);
    const key = weights.get('attention.key.weight')!;
    loud.set('attention.key.weight', { ...key, data: key.data.map((value) => 1e4 * value) });
    const cell = timeMix(loud);
    const state = started(cell);
    const y = new Float32Array(200 * 4);
    cell.scan!(state, laws.noiseRows(4, 200, 4), y, 200);
    expect(y.every(Number.isFinite)).toBe(true);
    expect(state.at.num.every(Number.isFinite) && state.at.den.every((value) => value >= 0.9)).toBe(true);
  });

  it('averages: with no decay and no bonus a value that never changes comes back as it is', () => {
    const flat = new Map(weights);
    const set = (name: string, change: (value: number) => number) =>
      flat.set(name, { ...weights.get(name)!, data: weights.get(name)!.data.map(change) });
    set('attention.time_decay', () => -1e3); // exp(-1000) = 0 exactly
    set('attention.time_mix_value', () => 1);
    set('attention.time_mix_receptance', () => 1);
    const cell = timeMix(flat);
    const state = started(cell);
    const x = Float32Array.of(0.5, -1, 0.25, 2);
    const first = new Float32Array(4);
    cell.step(state, x, first);
    const later = new Float32Array(4);
    for (let t = 0; t < 50; t++) cell.step(state, x, later);
    expect(laws.closeTo(later, first, 1e-6)).toBe(true);
  });

  it('ages over a gap as over as many rows: only exponents move, and the shift holds', () => {
    const cell = timeMix();
    const state = warm(cell);
    const before = state.bytes.slice();
    const [max, num] = [state.at.max.slice(), state.at.num.slice()];
    cell.skip!(state, 3);
    const w = -Math.exp(weights.get('attention.time_decay')!.data[1]!);
    expect(state.at.max[1]).toBeCloseTo(max[1]! + 3 * w, 5);
    expect(state.at.num).toEqual(num);
    cell.skip!(state, 1e300); // the floor is the start value: a stream that slept for ever starts afresh
    expect(state.at.max).toEqual(new Float32Array(6).fill(-1e38));
    expect(state.bytes.subarray(0, 16)).toEqual(before.subarray(0, 16));
  });

  it.each([
    ['the time mixing', timeMix],
    ['the channel mixing', channelMix],
  ])('%s: a row on time is a step to the bit, a late row is a gap and a step', (_part, make) => {
    const cell: Cell = make();
    const x = laws.noiseRows(5, 1, 4);
    const run = (advance: (state: State, y: Float32Array) => void) => {
      const state = warm(cell);
      const y = new Float32Array(cell.dOut);
      advance(state, y);
      return { state, y };
    };
    const stepped = run((state, y) => cell.step(state, x, y));
    const onTime = run((state, y) => cell.stepAfter!(state, x, y, 1));
    expect(laws.sameBits(onTime.y, stepped.y) && laws.sameState(onTime.state, stepped.state)).toBe(true);
    const late = run((state, y) => cell.stepAfter!(state, x, y, 4.5));
    const skipped = run((state, y) => {
      cell.skip!(state, 3.5);
      cell.step(state, x, y);
    });
    expect(laws.sameBits(late.y, skipped.y) && laws.sameState(late.state, skipped.state)).toBe(true);
  });

  it('ages by less before a row that comes early', () => {
    const cell = timeMix();
    const quiet = new Map(weights); // keys far below: the exponent is that of the past alone
    const key = weights.get('attention.key.weight')!;
    quiet.set('attention.key.weight', { ...key, data: key.data.map(() => 0) });
    const w = -Math.exp(weights.get('attention.time_decay')!.data[0]!);
    for (const dt of [0.25, 1]) {
      const state = warm(cell);
      state.at.max.fill(40);
      rwkv4Cell(quiet, 'attention.', config).stepAfter!(state, new Float32Array(4), new Float32Array(4), dt);
      expect(state.at.max[0]).toBeCloseTo(40 + dt * w, 4);
    }
  });

  it.each([
    ['a missing tensor', { weights: new Map([...weights].filter(([name]) => !name.endsWith('first'))) }, 'MISSING'],
    ['a wrong shape', { config: { ...config, dModel: 5 } }, 'SHAPE'],
    ['a width of zero', { config: { ...config, dAttention: 0 } }, 'INVALID'],
    ['a width that is no whole number', { config: { ...config, dHidden: 2.5 } }, 'INVALID'],
  ])('refuses %s', (_what, change, code) => {
    const given = { weights, config, ...change };
    const error = expect.objectContaining({ code: expect.stringContaining(code) });
    expect(() => rwkv4Cell(given.weights, 'attention.', given.config)).toThrow(error);
  });

  it('reads a layer as a block of a stack, every part under its upstream name', () => {
    const layer = new Map([...weights].map(([name, value]) => [`rwkv.blocks.0.${name}`, value]));
    const vector = (...values: number[]) => ({ shape: [4], data: Float32Array.from(values) });
    const norms = { 'ln1.weight': vector(1, 2, 3, 4), 'ln1.bias': vector(5, 6, 7, 8) };
    const later = { 'ln2.weight': vector(4, 3, 2, 1), 'ln2.bias': vector(8, 7, 6, 5) };
    for (const [name, value] of Object.entries({ ...norms, ...later })) layer.set(`rwkv.blocks.0.${name}`, value);
    const { norm, normBias, mixer, feedForward } = readRwkv4Block(layer, 'rwkv.blocks.0.', config);
    const found = [norm, normBias, feedForward.norm, feedForward.normBias];
    expect(found).toEqual([...Object.values(norms), ...Object.values(later)].map(({ data }) => data));
    expect([mixer.kind, feedForward.cell.kind]).toEqual(['rwkv4', 'rwkv4-channel-mix']);
    layer.delete('rwkv.blocks.0.ln2.bias');
    expect(() => readRwkv4Block(layer, 'rwkv.blocks.0.', config)).toThrow(/rwkv\.blocks\.0\.ln2\.bias/);
  });
});

// test/laws runs over the time mixing, the folder's own kind; the other cells of this folder obey the same laws.
describe.each([
  [
    'channel mixing',
    {
      make: channelMix,
      naive: (x: Float32Array, rows: number) => naiveRwkv4ChannelMix(weights, 'feed_forward.', config, x, rows),
    },
  ],
])('the %s of RWKV-4', (_part, sample: laws.Sample) => {
  const { startable, chunking, causal, forgetting, isolated, resumable, faithful, skippable } = laws;
  const named = { startable, chunking, causal, forgetting, isolated, resumable, faithful, skippable };
  it.each(Object.entries(named))('is %s', (_law, law) => law(sample));
  it('stays finite', () => laws.finite(sample, 20_000));
});
