import { describe, expect, it } from 'vitest';
import { closeTo, noiseRows } from '../laws.ts';
import { makeState, stateBytes } from '../state.ts';
import { attentionCell, naiveAttention } from './index.ts';
import { sampleAttention } from './sample.ts';

const { weights, config } = sampleAttention(1); // window 5

function start(cell: ReturnType<typeof attentionCell>, position = 0) {
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

  it.each([
    [
      'a missing tensor',
      { weights: new Map([...weights].filter(([name]) => !name.startsWith('v'))) },
      'ERR_WEIGHTS_MISSING',
    ],
    ['a wrong shape', { config: { ...config, kvHeads: 2 } }, 'ERR_WEIGHTS_SHAPE'],
    ['heads that do not divide', { config: { ...config, heads: 3, kvHeads: 2 } }, 'ERR_CONFIG_INVALID'],
    ['an odd headDim', { config: { ...config, headDim: 3 } }, 'ERR_CONFIG_INVALID'],
    ['no window', { config: { ...config, window: 0 } }, 'ERR_CONFIG_INVALID'],
    ['half a row of window', { config: { ...config, window: 1.5 } }, 'ERR_CONFIG_INVALID'],
    ['a theta of zero', { config: { ...config, theta: 0 } }, 'ERR_CONFIG_INVALID'],
  ])('refuses %s', (_what, change, code) => {
    const given = { weights, config, ...change };
    expect(() => attentionCell(given.weights, '', given.config)).toThrow(expect.objectContaining({ code }));
  });
});
