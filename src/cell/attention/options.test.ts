// The options of attention layers: biases, normed heads, gates, partial rotation, an int8 cache, tiles.

import { describe, expect, it } from 'vitest';
import { relativeError } from '../../../test/helpers/golden.ts';
import type { Cell } from '../cell.ts';
import { closeTo, noiseRows, sameState } from '../laws.ts';
import { seededRandom } from '../seeded-random.ts';
import { makeState, type State, stateBytes } from '../state.ts';
import { attentionCell, naiveAttention } from './index.ts';
import type { AttentionConfig } from './params.ts';
import { sampleAttention } from './sample.ts';

function start(cell: Cell): State {
  const state = makeState(cell.layout);
  cell.init(state);
  return state;
}
function outputs(cell: Cell, x: Float32Array, state = start(cell)): Float32Array {
  const y = new Float32Array((x.length / cell.dIn) * cell.dOut);
  cell.scan!(state, x, y, x.length / cell.dIn);
  return y;
}

describe('options of a layer', () => {
  const { weights, config } = sampleAttention(2); // half rotation, biases, normed heads, gate
  const x = noiseRows(1, 60, 4);

  it('every one of them, by itself, does what the slow twin does and changes the rows', () => {
    const all = outputs(attentionCell(weights, '', config), x);
    const without = (name: keyof AttentionConfig): AttentionConfig => {
      const { [name]: _, ...rest } = config;
      return rest as AttentionConfig;
    };
    const plainNorm = { ...config, qkNorm: { eps: 1e-6, plusOne: false } };
    for (const changed of [without('rotaryFactor'), without('biases'), without('qkNorm'), plainNorm]) {
      const y = outputs(attentionCell(weights, '', changed), x);
      expect(closeTo(y, naiveAttention(weights, '', changed, x, 60), 1e-5)).toBe(true);
      expect(closeTo(y, all, 1e-2)).toBe(false);
    }
  });

  it('a gate far above zero lets everything through: the layer without a gate', () => {
    const open = new Map(weights);
    const { data, shape } = weights.get('q_proj.bias')!;
    const ungated = new Map(weights);
    // Rows of q_proj go by head: 4 of the query, 4 of the gate.
    open.set('q_proj.bias', { shape, data: data.map((value, i) => (i % 8 < 4 ? value : 100)) });
    const rows = (values: Float32Array, width: number) => values.filter((_, i) => Math.floor(i / width) % 8 < 4);
    ungated.set('q_proj.bias', { shape: [8], data: rows(data, 1) });
    ungated.set('q_proj.weight', { shape: [8, 4], data: rows(weights.get('q_proj.weight')!.data, 4) });
    const y = outputs(attentionCell(open, '', config), x);
    expect(y).toEqual(outputs(attentionCell(ungated, '', { ...config, outputGate: false }), x));
  });

  it('rotating the first part of a head is rotating it whole when the rest of queries and keys is zero', () => {
    const head = 8;
    const random = seededRandom(3);
    const make = (rows: number, columns: number, keep: (row: number) => boolean) => ({
      shape: [rows, columns],
      data: Float32Array.from({ length: rows * columns }, (_, i) => {
        const value = random();
        return keep(Math.floor(i / columns) % head) ? value : 0;
      }),
    });
    const half = (row: number) => row < head / 2;
    const partly = new Map(
      Object.entries({
        'q_proj.weight': make(head, 4, half),
        'k_proj.weight': make(head, 4, half),
        'v_proj.weight': make(head, 4, () => true),
        'o_proj.weight': make(4, head, () => true),
      }),
    );
    // A head of 4 with the same frequencies: theta^(-2i/4) in both. Scores are scaled by 1/sqrt(8) against 1/sqrt(4).
    const small = new Map(partly);
    const q = partly
      .get('q_proj.weight')!
      .data.subarray(0, 16)
      .map((value) => value * Math.SQRT1_2);
    small.set('q_proj.weight', { shape: [4, 4], data: q });
    small.set('k_proj.weight', { shape: [4, 4], data: partly.get('k_proj.weight')!.data.subarray(0, 16) });
    small.set('v_proj.weight', { shape: [4, 4], data: partly.get('v_proj.weight')!.data.subarray(0, 16) });
    const o = partly.get('o_proj.weight')!.data;
    small.set('o_proj.weight', { shape: [4, 4], data: o.filter((_, i) => i % head < 4) });
    partly.set('o_proj.weight', { shape: [4, head], data: o.map((value, i) => (i % head < 4 ? value : 0)) });
    const base = { dModel: 4, heads: 1, kvHeads: 1, window: 9, theta: 100 };
    const y = outputs(attentionCell(partly, '', { ...base, headDim: 8, rotaryFactor: 0.5 }), x);
    const whole = outputs(attentionCell(small, '', { ...base, headDim: 4 }), x);
    expect(closeTo(y, whole, 1e-6)).toBe(true);
  });
});

describe('an int8 cache', () => {
  const { weights, config } = sampleAttention(3); // window 7, int8
  const exact = { ...config, cache: 'f32' } as const;
  const x = noiseRows(4, 80, 4);

  it('has the state its README promises: 2 window kvHeads (headDim + 4) + 8 window + 8 bytes, padded to 8', () => {
    const padded = (bytes: number) => Math.ceil(bytes / 8) * 8;
    const cell = attentionCell(weights, '', config);
    expect(stateBytes(cell.layout)).toBe(2 * padded(7 * 4) + 2 * padded(7 * 4) + 8 * 7 + 8);
  });

  it('is within the quantisation of the f32 cache, and is not the f32 cache', () => {
    const y = outputs(attentionCell(weights, '', config), x);
    const error = relativeError(y, outputs(attentionCell(weights, '', exact), x));
    expect(error).toBeLessThan(0.01); // 127 steps to the largest: values are off by 0.4 % at most, scores by less
    expect(error).toBeGreaterThan(1e-4);
  });

  it('uses the newest row before it quantises it: a first row is exact', () => {
    const first = x.subarray(0, 4);
    const y = outputs(attentionCell(weights, '', config), first);
    expect(closeTo(y, outputs(attentionCell(weights, '', exact), first), 1e-7)).toBe(true);
  });

  it('after a gap sees neither older rows nor rows that never came', () => {
    const cell = attentionCell(weights, '', config);
    for (const [gap, seen] of [
      [2, 4],
      [6, 0],
    ] as const) {
      const state = start(cell);
      outputs(cell, x.subarray(0, 40), state);
      cell.skip!(state, gap);
      const y = outputs(cell, x.subarray(40, 44), state);
      const fresh = start(cell);
      cell.skip!(fresh, 10 - seen);
      if (seen > 0) outputs(cell, x.subarray(40 - 4 * seen, 40), fresh);
      cell.skip!(fresh, gap);
      expect(closeTo(y, outputs(cell, x.subarray(40, 44), fresh), 1e-6)).toBe(true);
    }
  });
});

describe('the tiled form', () => {
  const x = noiseRows(5, 100, 4);

  it.each([
    [1, 1],
    [1, 3],
    [2, 4],
    [2, 64],
    [3, 2],
    [3, 1000],
    [6, 5],
  ])('of sample %i in tiles of %i keys equals steps from any state, with ragged parts and a gap', (seed, tileRows) => {
    const { weights, config } = sampleAttention(seed);
    const cell = attentionCell(weights, '', { ...config, window: 17, tileRows });
    const [state, tiled] = [start(cell), start(cell)];
    const { scan, rtol } = cell.forms!.tiled!;
    expect(rtol).toBeLessThanOrEqual(1e-5);
    for (const [from, to, gap] of [
      [0, 1, 0],
      [1, 12, 0],
      [12, 50, 5],
      [50, 53, 40],
      [53, 100, 0],
    ] as const) {
      const y = new Float32Array((to - from) * 4);
      scan(tiled, x.subarray(from * 4, to * 4), y, to - from);
      expect(closeTo(y, outputs(cell, x.subarray(from * 4, to * 4), state), rtol)).toBe(true);
      expect(sameState(tiled, state)).toBe(true);
      for (const either of [state, tiled]) cell.skip!(either, gap);
    }
  });

  it('may be followed by steps', () => {
    const { weights, config } = sampleAttention(1);
    const cell = attentionCell(weights, '', config);
    const [state, tiled] = [start(cell), start(cell)];
    outputs(cell, x.subarray(0, 200), state);
    cell.forms!.tiled!.scan(tiled, x.subarray(0, 200), new Float32Array(200), 50);
    expect(outputs(cell, x.subarray(200), tiled)).toEqual(outputs(cell, x.subarray(200), state));
  });
});
