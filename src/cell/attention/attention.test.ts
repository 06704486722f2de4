import { describe, expect, it } from 'vitest';
import type { Cell } from '../cell.ts';
import { closeTo, noiseRows } from '../laws.ts';
import { makeState, stateBytes } from '../state.ts';
import type { AttentionLayout } from './cache.ts';
import { attentionCell, naiveAttention } from './index.ts';
import type { AttentionConfig } from './params.ts';
import { sampleAttention } from './sample.ts';

const sample = sampleAttention(1); // window 5
const weights = sample.weights;
const config = sample.config as AttentionConfig & { cache?: 'f32' };

function start(cell: Cell<AttentionLayout>, position = 0) {
  const state = makeState(cell.layout);
  cell.init(state);
  state.at.position[0] = position;
  return state;
}

describe('attentionCell', () => {
  it('has the state its README promises: 8 window (kvHeads headDim + 1) + 8 bytes', () => {
    const cell = attentionCell(weights, '', config);
    expect(stateBytes(cell.layout)).toBe(8 * 5 * (1 * 4 + 1) + 8);
    expect(cell.contextRows).toBe(5);
    expect(cell.flops).toBe(2 * 4 * (8 + 4 + 4 + 8) + 4 * 8 * 5);
  });

  it('with a window as long as the stream is full attention', () => {
    const x = noiseRows(1, 30, 4);
    const rows = [30, 31, 77].map((window) => {
      const cell = attentionCell(weights, '', { ...config, window });
      const y = new Float32Array(120);
      cell.scan!(start(cell), x, y, 30);
      return y;
    });
    expect(rows[1]).toEqual(rows[0]);
    expect(rows[2]).toEqual(rows[0]);
    expect(closeTo(rows[0]!, naiveAttention(weights, '', { ...config, window: 1000 }, x, 30), 1e-5)).toBe(true);
  });

  it('gives the same rows at any position, up to 1e9, and counts rows exactly', () => {
    const cell = attentionCell(weights, '', config);
    const x = noiseRows(2, 20, 4);
    const near = new Float32Array(80);
    const far = new Float32Array(80);
    cell.scan!(start(cell), x, near, 20);
    const state = start(cell, 1e9);
    cell.scan!(state, x, far, 20);
    expect(state.at.position[0]).toBe(1e9 + 20);
    expect(closeTo(far, near, 1e-5)).toBe(true);
  });

  it('does not care where in the ring rows lie, nor what lies in a slot that is out of the window', () => {
    const cell = attentionCell(weights, '', { ...config, rotaryFactor: 0 });
    const x = noiseRows(9, 12, 4);
    const rows = [0, 1, 2, 3, 4].map((from) => {
      const state = start(cell, from);
      state.at.k.fill(1e9);
      state.at.v.fill(1e9);
      const y = new Float32Array(48);
      cell.scan!(state, x, y, 12);
      return y;
    });
    for (const y of rows) expect(closeTo(y, rows[0]!, 1e-6)).toBe(true);
  });

  it('without rotation knows no positions: swapping two older rows changes nothing', () => {
    const free = attentionCell(weights, '', { ...config, rotaryFactor: 0 });
    const turned = attentionCell(weights, '', config);
    const x = noiseRows(10, 4, 4);
    const swapped = Float32Array.from([...x.subarray(4, 8), ...x.subarray(0, 4), ...x.subarray(8)]);
    const last = (cell: Cell<AttentionLayout>, input: Float32Array) => {
      const y = new Float32Array(16);
      cell.scan!(start(cell), input, y, 4);
      return y.subarray(12);
    };
    expect(closeTo(last(free, swapped), last(free, x), 1e-6)).toBe(true);
    expect(closeTo(last(turned, swapped), last(turned, x), 1e-2)).toBe(false);
  });

  it('with copied key and value heads gives grouped queries what every head of its own would get', () => {
    const doubled = new Map(weights);
    for (const name of ['k_proj.weight', 'v_proj.weight']) {
      const { data } = weights.get(name)!;
      doubled.set(name, { shape: [8, 4], data: Float32Array.from([...data, ...data]) });
    }
    const x = noiseRows(11, 20, 4);
    const [grouped, own] = [attentionCell(weights, '', config), attentionCell(doubled, '', { ...config, kvHeads: 2 })];
    const [a, b] = [new Float32Array(80), new Float32Array(80)];
    grouped.scan!(start(grouped), x, a, 20);
    own.scan!(start(own), x, b, 20);
    expect(a).toEqual(b);
  });

  it('after a gap attends to what still lies in the window, and to nothing older', () => {
    const cell = attentionCell(weights, '', config);
    const x = noiseRows(3, 9, 4);
    const y = new Float32Array(4);
    const last = x.subarray(32, 36);
    const afterGap = (gap: number): Float32Array => {
      const state = start(cell);
      cell.scan!(state, x, new Float32Array(32), 8);
      cell.skip!(state, gap);
      cell.step(state, last, y);
      return y.slice();
    };
    const alone = (from: number, gap: number): Float32Array => {
      const state = start(cell, from);
      cell.scan!(state, x.subarray(from * 4), new Float32Array(32), 8 - from);
      cell.skip!(state, gap);
      cell.step(state, last, y);
      return y.slice();
    };
    expect(afterGap(2)).toEqual(alone(6, 2)); // row 10 sees rows 6..10, of which 8 and 9 never came
    expect(afterGap(2)).not.toEqual(alone(7, 2));
    expect(afterGap(4)).toEqual(alone(8, 4)); // row 12 sees rows 8..12: itself alone
    expect(afterGap(1e9)).toEqual(alone(8, 1e9));
  });

  it('when told to, refuses the row beyond its window, and is left as it was', () => {
    const cell = attentionCell(weights, '', { ...config, whenFull: 'refuse' });
    const x = noiseRows(12, 6, 4);
    const [state, y] = [start(cell), new Float32Array(20)];
    cell.scan!(state, x, y, 5);
    expect(closeTo(y, naiveAttention(weights, '', config, x, 5), 1e-5)).toBe(true);
    const before = state.bytes.slice();
    const full = expect.objectContaining({ code: 'ERR_CONTEXT_FULL', scope: 'stream' });
    expect(() => cell.step(state, x.subarray(20), y)).toThrow(full);
    expect(() => cell.forms!.tiled!.scan(state, x.subarray(20), y, 1)).toThrow(full);
    expect(state.bytes).toEqual(before);
    const gapped = start(cell);
    cell.skip!(gapped, 5); // rows that never came count: positions are what is bounded
    expect(() => cell.step(gapped, x.subarray(20), y)).toThrow(full);
  });

  it.each([
    [
      'a missing tensor',
      { weights: new Map([...weights].filter(([name]) => !name.startsWith('v'))) },
      'ERR_WEIGHTS_MISSING',
    ],
    ['a wrong shape', { config: { ...config, kvHeads: 2 } }, 'ERR_WEIGHTS_SHAPE'],
    ['a bias that is not there', { config: { ...config, biases: ['k'] as const } }, 'ERR_WEIGHTS_MISSING'],
    [
      'norms that are not there',
      { config: { ...config, qkNorm: { eps: 1e-6, plusOne: true } } },
      'ERR_WEIGHTS_MISSING',
    ],
    ['a gate that is not there', { config: { ...config, outputGate: true } }, 'ERR_WEIGHTS_SHAPE'],
    ['heads that do not divide', { config: { ...config, heads: 3, kvHeads: 2 } }, 'ERR_CONFIG_INVALID'],
    ['an odd headDim', { config: { ...config, headDim: 3 } }, 'ERR_CONFIG_INVALID'],
    ['int8 in no whole words', { config: { ...config, headDim: 6, cache: 'int8' as const } }, 'ERR_CONFIG_INVALID'],
    ['no window', { config: { ...config, window: 0 } }, 'ERR_CONFIG_INVALID'],
    ['half a row of window', { config: { ...config, window: 1.5 } }, 'ERR_CONFIG_INVALID'],
    ['an absurd window', { config: { ...config, window: 1e12 } }, 'ERR_CONFIG_INVALID'],
    ['a theta of zero', { config: { ...config, theta: 0 } }, 'ERR_CONFIG_INVALID'],
    ['half a pair to rotate', { config: { ...config, rotaryFactor: 0.25 } }, 'ERR_CONFIG_INVALID'],
    ['more rotation than head', { config: { ...config, rotaryFactor: 1.5 } }, 'ERR_CONFIG_INVALID'],
    ['tiles of nothing', { config: { ...config, tileRows: 0 } }, 'ERR_CONFIG_INVALID'],
    ['a qkNorm without eps', { config: { ...config, qkNorm: { eps: 0, plusOne: false } } }, 'ERR_CONFIG_INVALID'],
  ])('refuses %s', (_what, change, code) => {
    const given: { weights: typeof weights; config: AttentionConfig } = { weights, config, ...change };
    expect(() => attentionCell(given.weights, '', given.config)).toThrow(expect.objectContaining({ code }));
  });
});
