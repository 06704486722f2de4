import { describe, expect, it } from 'vitest';
import { closeTo, noiseRows } from '../laws.ts';
import { makeState, stateBytes } from '../state.ts';
import { naiveSparseAttention, type SparseAttentionConfig, sparseAttentionCell } from './index.ts';
import { sees } from './naive.ts';
import { patternOf } from './pattern.ts';
import { sampleSparseAttention } from './sample.ts';

const PATTERNS = ['strided', 'fixed'] as const;
const { weights, config } = sampleSparseAttention(1);
const x = noiseRows(1, 50, 4);

function outputs(changes: Partial<SparseAttentionConfig>, input = x, gapAt = -1, gap = 0): Float32Array {
  const cell = sparseAttentionCell(weights, '', { ...config, ...changes });
  const state = makeState(cell.layout);
  cell.init(state);
  const y = new Float32Array(input.length);
  for (let t = 0; t < input.length / 4; t++) {
    if (t === gapAt) cell.skip!(state, gap);
    cell.step(state, input.subarray(t * 4, t * 4 + 4), y.subarray(t * 4, t * 4 + 4));
  }
  return y;
}

describe.each(PATTERNS)('the %s pattern', (pattern) => {
  const shapes = [
    { stride: 1, summaries: 1, rowsMax: 7 },
    { stride: 6, summaries: 1, rowsMax: 32 },
    { stride: 6, summaries: 4, rowsMax: 33 },
    { stride: 5, summaries: 5, rowsMax: 5 },
    { stride: 4, summaries: 2, rowsMax: 1000 },
  ].map((shape) => ({ ...config, pattern, ...shape }));

  it('lists exactly the rows that the mask names and that came, each once, also after the declared length', () => {
    for (const shape of shapes) {
      const { slots, seenMax, contextRows, home, summaryHome, visible } = patternOf(shape);
      const rows = new Float64Array(slots).fill(-1);
      const out = new Uint32Array(seenMax);
      const came = (i: number) => i < 30 || (i > 33 && i < 50) || i > 61;
      for (let i = 0; i < 100; i++) {
        if (!came(i)) continue;
        rows[home(i)] = i;
        if (summaryHome(i) >= 0) rows[summaryHome(i)] = i;
        const seen = [...out.subarray(0, visible(rows, i, out))].map((slot) => rows[slot]!).sort((a, b) => a - b);
        const named = Array.from({ length: i + 1 }, (_, j) => j).filter((j) => came(j) && sees(shape, i, j));
        expect(seen).toEqual(named);
        expect(i - named[0]!).toBeLessThan(contextRows);
      }
    }
  });

  it('does what its slow twin does, with and without rotation, beyond the declared length', () => {
    for (const shape of shapes) {
      const { theta: _, ...still } = shape;
      for (const given of [shape, still]) {
        const cell = sparseAttentionCell(weights, '', given);
        const state = makeState(cell.layout);
        cell.init(state);
        const y = new Float32Array(x.length);
        cell.scan!(state, x, y, 50);
        expect(closeTo(y, naiveSparseAttention(weights, '', given, x, 50), 1e-5)).toBe(true);
      }
    }
  });

  it('with a stride as long as the stream is full attention', () => {
    const full = outputs({ pattern, stride: 50, summaries: 1, rowsMax: 50 });
    const everyResidue = outputs({ pattern: 'strided', stride: 1, summaries: 1, rowsMax: 50 });
    const everyColumn = outputs({ pattern: 'fixed', stride: 5, summaries: 5, rowsMax: 50 });
    expect(closeTo(full, everyResidue, 1e-6)).toBe(true);
    expect(closeTo(full, everyColumn, 1e-6)).toBe(true);
    expect(closeTo(full, outputs({ pattern, stride: 5, summaries: 1, rowsMax: 50 }), 1e-2)).toBe(false);
  });

  it('costs O(N sqrt N) over a stream of N rows with a stride of sqrt N', () => {
    for (const side of [8, 32, 128]) {
      const rowsMax = side * side;
      const { slots, seenMax, home, summaryHome, visible } = patternOf({
        ...config,
        ...{ pattern, stride: side, summaries: 1, rowsMax },
      });
      const rows = new Float64Array(slots).fill(-1);
      const out = new Uint32Array(seenMax);
      let total = 0;
      for (let i = 0; i < rowsMax; i++) {
        rows[home(i)] = i;
        if (summaryHome(i) >= 0) rows[summaryHome(i)] = i;
        total += visible(rows, i, out);
      }
      expect(total).toBeLessThan(2 * rowsMax * side);
      expect(total).toBeGreaterThan(0.5 * rowsMax * side);
      expect(seenMax).toBe(2 * side - 1);
      expect(slots).toBe(pattern === 'strided' ? rowsMax : 2 * side);
    }
  });

  it('has the state its README promises: slots (8 kvHeads headDim + 8) + 8 bytes', () => {
    const cell = sparseAttentionCell(weights, '', { ...config, pattern, stride: 6, summaries: 2, rowsMax: 33 });
    const slots = pattern === 'strided' ? 33 : 6 + 2 * 6;
    expect(stateBytes(cell.layout)).toBe(slots * (8 * 1 * 2 + 8) + 8);
    expect(cell.contextRows).toBe(pattern === 'strided' ? 33 : 5 * 6 + 2);
    const seen = pattern === 'strided' ? 6 + 5 : 6 + 5 * 2;
    expect(cell.flops).toBe(4 * 4 * (4 + 2) + 4 * 4 * seen);
  });

  it('after a gap never reads a slot whose row did not come', () => {
    const shape = { pattern, stride: 3, summaries: 1, rowsMax: 12 };
    for (const gap of [1, 2, 5, 11, 1e9]) {
      const y = outputs(shape, x.subarray(0, 40), 7, gap).subarray(28);
      // Whatever an unused slot holds must not matter.
      const cell = sparseAttentionCell(weights, '', { ...config, ...shape });
      const state = makeState(cell.layout);
      cell.init(state);
      state.at.k.fill(1e9);
      state.at.v.fill(1e9);
      cell.scan!(state, x.subarray(0, 28), new Float32Array(28), 7);
      cell.skip!(state, gap);
      const again = new Float32Array(12);
      cell.scan!(state, x.subarray(28, 40), again, 3);
      expect(again).toEqual(y);
    }
    const afterAll = outputs(shape, x.subarray(0, 32), 7, 1e9).subarray(28);
    const alone = outputs(shape, x.subarray(28, 32), 0, 7 + 1e9);
    expect(afterAll).toEqual(alone);
  });

  it('when told to, refuses the row beyond the declared length, and is left as it was', () => {
    const cell = sparseAttentionCell(weights, '', { ...config, pattern, rowsMax: 11, whenFull: 'refuse' });
    const state = makeState(cell.layout);
    cell.init(state);
    const y = new Float32Array(44);
    cell.scan!(state, x, y, 11);
    expect(y).toEqual(outputs({ pattern, rowsMax: 11 }, x.subarray(0, 44)));
    const before = state.bytes.slice();
    expect(() => cell.step(state, x.subarray(0, 4), y)).toThrow(
      expect.objectContaining({ code: 'ERR_CONTEXT_FULL', scope: 'stream' }),
    );
    expect(state.bytes).toEqual(before);
  });
});

it.each([
  ['a missing tensor', 'o_proj.weight', {}, 'ERR_WEIGHTS_MISSING'],
  ['a wrong shape', '', { headDim: 4 }, 'ERR_WEIGHTS_SHAPE'],
  ['a pattern it does not know', '', { pattern: 'random' as never }, 'ERR_CONFIG_INVALID'],
  ['no stride', '', { stride: 0 }, 'ERR_CONFIG_INVALID'],
  ['a stride beyond the stream', '', { stride: 100 }, 'ERR_CONFIG_INVALID'],
  ['more summaries than rows', '', { summaries: 4 }, 'ERR_CONFIG_INVALID'],
  ['an absurd length', '', { rowsMax: 1e12 }, 'ERR_CONFIG_INVALID'],
  ['an odd head to rotate', '', { headDim: 3 }, 'ERR_CONFIG_INVALID'],
  ['a theta of zero', '', { theta: 0 }, 'ERR_CONFIG_INVALID'],
  ['heads that do not divide', '', { heads: 3, kvHeads: 2 }, 'ERR_CONFIG_INVALID'],
])('refuses %s', (_what, missing, change, code) => {
  const given = new Map([...weights].filter(([name]) => name !== missing));
  expect(() => sparseAttentionCell(given, '', { ...config, ...change })).toThrow(expect.objectContaining({ code }));
});
