// Channel mixing and whole layers on the kernels beside the plain ones. Time mixing by itself: test/laws/lowered.test.ts.

import { describe, expect, it } from 'vitest';
import { availableSimd } from '../../../test/helpers/fenced.ts';
import type { Tensor } from '../../weights/tensor.ts';
import type { Cell } from '../cell.ts';
import * as laws from '../laws.ts';
import { lowerCell } from '../lower-cell.ts';
import { readRwkv7Block, rwkv7BlocksCell, rwkv7ChannelMixCell } from './index.ts';
import { sampleRwkv7 } from './sample.ts';

const D = 4;
const norm = (weights: Map<string, Tensor>, name: string): void => {
  weights.set(`${name}.weight`, { shape: [D], data: Float32Array.of(1, 1.2, 0.8, -1) });
  weights.set(`${name}.bias`, { shape: [D], data: Float32Array.of(0, 0.5, -0.5, 0.1) });
};

/** Layer 0 and two later ones, of width 4. */
function threeLayers(): Cell {
  const { config } = sampleRwkv7(2);
  const weights = new Map<string, Tensor>();
  for (const layer of [0, 1, 2]) {
    for (const [name, value] of sampleRwkv7(2 + 2 * layer).weights) weights.set(`blocks.${layer}.${name}`, value);
    for (const name of layer === 0 ? ['ln0', 'ln1', 'ln2'] : ['ln1', 'ln2']) norm(weights, `blocks.${layer}.${name}`);
    weights.set(`blocks.${layer}.att.v0`, { shape: [1, 1, D], data: Float32Array.of(0.5, -0.5, 1, 0) });
    weights.set(`blocks.${layer}.att.v1`, { shape: [D, 1], data: laws.noiseRows(8 + layer, 4, 1) });
    weights.set(`blocks.${layer}.att.v2`, { shape: [1, D], data: laws.noiseRows(9 + layer, 1, 4) });
  }
  const blocks = [0, 1, 2].map((i) => readRwkv7Block(weights, `blocks.${i}.`, { ...config, first: i === 0 }));
  return rwkv7BlocksCell({ dModel: D, eps: 1e-5, blocks, head: { weight: laws.noiseRows(10, 3, D), dOut: 3 } });
}

function channelMix(): Cell {
  const { weights, config } = sampleRwkv7(2);
  return rwkv7ChannelMixCell(weights, 'ffn.', config);
}

const CELLS: [string, () => Cell][] = [
  ['channel mixing', channelMix],
  ['three layers', threeLayers],
];

describe.each(await availableSimd())('RWKV-7 on $numerics kernels', (simd) => {
  it.each(CELLS)('%s keeps the laws to the bit', (_name, plain) => {
    const sample = { make: () => lowerCell(plain(), simd) };
    for (const law of [laws.chunking, laws.causal, laws.isolated, laws.resumable, laws.skippable]) law(sample);
  });

  it.each(CELLS)('%s is within 2e-5 of the plain cell over 1,000 rows, state included', (_name, plain) => {
    const rows = 1000;
    const x = laws.noiseRows(20, rows, D);
    const run = (cell: Cell) => {
      const state = laws.started(cell);
      const y = new Float32Array(rows * cell.dOut);
      cell.scan!(state, x, y, rows);
      return { state, y };
    };
    const lowered = run(lowerCell(plain(), simd));
    const expected = run(plain());
    expect(laws.closeTo(lowered.y, expected.y, 2e-5)).toBe(true);
    for (const [slot, values] of Object.entries(expected.state.at)) {
      expect(laws.closeTo(lowered.state.at[slot]!, values, 2e-5), slot).toBe(true);
    }
  });
});
