// Attention on the WebAssembly kernels against the plain cell, for shapes and options that the samples of the laws do not
// have. The laws themselves: test/laws/lowered.test.ts.

import { describe, expect, it } from 'vitest';
import { availableSimd } from '../../../test/helpers/fenced.ts';
import { dequantiseInt8 } from '../../kernel/plain/quantise-int8.ts';
import type { Tensor } from '../../weights/tensor.ts';
import type { Cell } from '../cell.ts';
import { closeTo, noiseRows, sameBits, sameState, started, stepRows } from '../laws.ts';
import { lowerCell } from '../lower-cell.ts';
import { makeNearState } from '../near-state.ts';
import type { State } from '../state.ts';
import type { AttentionLayout, Int8AttentionLayout } from './cache.ts';
import { attentionCell } from './cell.ts';
import type { AttentionConfig } from './params.ts';

function weightsOf(config: AttentionConfig, seed = 5): Map<string, Tensor> {
  const { dModel, heads, kvHeads, headDim, outputGate, qkNorm, biases = [] } = config;
  const wide = heads * headDim;
  const shapes: Record<string, readonly number[]> = {
    'q_proj.weight': [outputGate ? 2 * wide : wide, dModel],
    'k_proj.weight': [kvHeads * headDim, dModel],
    'v_proj.weight': [kvHeads * headDim, dModel],
    'o_proj.weight': [dModel, wide],
    ...(qkNorm && { 'q_norm.weight': [headDim], 'k_norm.weight': [headDim] }),
  };
  for (const name of biases) shapes[`${name}_proj.bias`] = [shapes[`${name}_proj.weight`]![0]!];
  return new Map(
    Object.entries(shapes).map(([name, shape], i) => {
      const length = shape.reduce((product, size) => product * size, 1);
      return [name, { shape, data: noiseRows(seed + i, 1, length).map((value) => value / 2) }];
    }),
  );
}

const everything = {
  biases: ['q', 'k', 'v', 'o'],
  qkNorm: { eps: 1e-6, plusOne: true },
  outputGate: true,
} as const;
const base = { dModel: 20, theta: 10_000 };
const CONFIGS: readonly AttentionConfig[] = [
  { ...base, heads: 4, kvHeads: 4, headDim: 12, window: 100 },
  { ...base, heads: 4, kvHeads: 2, headDim: 6, window: 7 }, // half a vector at the end of a head, three pairs
  { ...base, heads: 6, kvHeads: 2, headDim: 10, window: 33, rotaryFactor: 0.6, ...everything },
  { ...base, heads: 3, kvHeads: 1, headDim: 2, window: 1 }, // a window of one row
  { ...base, heads: 2, kvHeads: 1, headDim: 64, window: 40, rotaryFactor: 0.25, qkNorm: { eps: 1e-5, plusOne: false } },
  { ...base, heads: 4, kvHeads: 2, headDim: 16, window: 64, rotaryFactor: 0 },
];
const named = CONFIGS.map(
  (config) => [`${config.heads}/${config.kvHeads} heads of ${config.headDim}`, config] as const,
);
const ROWS = 150;

function scanned(cell: Cell, state: State, x: Float32Array): Float32Array {
  const y = new Float32Array(ROWS * cell.dOut);
  cell.scan!(state, x, y, ROWS);
  return y;
}

describe.each(await availableSimd())('attention on $numerics kernels', (simd) => {
  it.each(named)('is within 5e-6 of the plain cell, rows and ring: %s', (_name, config) => {
    const plain = attentionCell(weightsOf(config), '', config) as Cell<AttentionLayout>;
    const lowered = lowerCell(plain, simd);
    const x = noiseRows(1, ROWS, config.dModel);
    for (const position of [0, 63, 1e9]) {
      const [a, b] = [started(plain as Cell), started(lowered as Cell)] as [
        State<AttentionLayout>,
        State<AttentionLayout>,
      ];
      a.at.position[0] = b.at.position[0] = position;
      const bound = position > 1e6 ? 2e-5 : 5e-6; // an angle of 1e9 is good to 1e-7 in either
      expect(closeTo(scanned(lowered as Cell, b, x), scanned(plain as Cell, a, x), bound)).toBe(true);
      expect(closeTo(b.at.k, a.at.k, bound) && closeTo(b.at.v, a.at.v, bound)).toBe(true);
      expect(b.at.rows).toEqual(a.at.rows);
      expect(b.at.position).toEqual(a.at.position);
    }
  });

  it.each(named.filter(([, { headDim }]) => headDim % 4 === 0))(
    'in int8 is a step off now and then, at most: %s',
    (_name, shape) => {
      const config = { ...shape, cache: 'int8' } as const;
      const plain = attentionCell(weightsOf(config), '', config);
      const lowered = lowerCell(plain, simd);
      const x = noiseRows(2, ROWS, config.dModel);
      const [a, b] = [started(plain as Cell), started(lowered as Cell)] as State<Int8AttentionLayout>[];
      expect(closeTo(scanned(lowered as Cell, b!, x), scanned(plain as Cell, a!, x), 2e-3)).toBe(true);
      for (const [words, scales] of [['k', 'kScale'] as const, ['v', 'vScale'] as const]) {
        expect(closeTo(b!.at[scales], a!.at[scales], 5e-6)).toBe(true);
        const steps = [a!, b!].map(({ at }) => {
          const out = new Float32Array(4 * at[words].length);
          dequantiseInt8(at[words], 0, out.length, 1, out, 0);
          return out;
        });
        const off = steps[0]!.filter((step, i) => step !== steps[1]![i]);
        expect(off.length).toBeLessThanOrEqual(steps[0]!.length / 1000);
        expect(closeTo(steps[1]!, steps[0]!, 1 / 127)).toBe(true);
      }
    },
  );

  it('goes on from a state of the plain cell after a gap, sees nothing older than the window', () => {
    const config = CONFIGS[0]!;
    const plain = attentionCell(weightsOf(config), '', config);
    const lowered = lowerCell(plain, simd);
    const x = noiseRows(3, 200, config.dModel);
    const [a, b] = [started(plain), started(lowered)];
    const [y, z] = [new Float32Array(200 * config.dModel), new Float32Array(200 * config.dModel)];
    stepRows(plain, a, x, y, 0, 90);
    b.bytes.set(a.bytes);
    for (const state of [a, b]) plain.skip!(state, 60);
    stepRows(plain, a, x, y, 90, 200);
    stepRows(lowered, b, x, z, 90, 200);
    expect(closeTo(z.subarray(90 * config.dModel), y.subarray(90 * config.dModel), 5e-6)).toBe(true);
  });

  it('gives the same bytes wherever its state lies, whatever lies around it', () => {
    const config = CONFIGS[2]!;
    const lowered = lowerCell(attentionCell(weightsOf(config), '', config), simd);
    const near = makeNearState(lowered.layout);
    lowered.init(near.state);
    const elsewhere = started(lowered);
    const x = noiseRows(4, ROWS, config.dModel);
    expect(sameBits(scanned(lowered, near.state, x), scanned(lowered, elsewhere, x))).toBe(true);
    expect(sameState(near.state, elsewhere)).toBe(true);
    near.release();
  });

  it('when told to, refuses the row beyond its window, and is left as it was', () => {
    const config = { ...CONFIGS[1]!, whenFull: 'refuse' } as const;
    const lowered = lowerCell(attentionCell(weightsOf(config), '', config), simd);
    const near = makeNearState(lowered.layout);
    for (const state of [near.state, started(lowered)]) {
      lowered.init(state);
      const x = noiseRows(6, 8, config.dModel);
      const y = new Float32Array(8 * config.dModel);
      lowered.scan!(state, x, y, 7);
      const before = state.bytes.slice();
      const full = expect.objectContaining({ code: 'ERR_CONTEXT_FULL', scope: 'stream' });
      expect(() => lowered.step(state, x, y)).toThrow(full);
      expect(state.bytes).toEqual(before);
    }
    near.release();
  });
});
