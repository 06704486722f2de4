// Two layers of RWKV-7 against their float64 twins put together by hand, v_first crossing from the first to the second.

import { describe, expect, it } from 'vitest';
import type { Tensor, Weights } from '../../weights/tensor.ts';
import * as laws from '../laws.ts';
import { stateBytes } from '../state.ts';
import { naiveRwkv7, naiveRwkv7ChannelMix, readNorm, readRwkv7Block, rwkv7BlocksCell } from './index.ts';
import { sampleRwkv7 } from './sample.ts';

const [D, EPS] = [4, 1e-5];
const { config: first } = sampleRwkv7(2);
const configs = [first, { ...first, first: false }];

/** Layers 0 and 1, of width 4: layer 1 takes the tensors of another layer 0 and makes its own v0, v1, v2. */
function twoLayers(): Weights {
  const weights = new Map<string, Tensor>();
  for (const layer of [0, 1]) {
    for (const [name, value] of sampleRwkv7(2 + 2 * layer).weights) weights.set(`blocks.${layer}.${name}`, value);
    for (const norm of layer === 0 ? ['ln0', 'ln1', 'ln2'] : ['ln1', 'ln2']) {
      weights.set(`blocks.${layer}.${norm}.weight`, { shape: [D], data: Float32Array.of(1, 1.2, 0.8, -1) });
      weights.set(`blocks.${layer}.${norm}.bias`, { shape: [D], data: Float32Array.of(0, 0.5, -0.5, 0.1) });
    }
  }
  weights.set('blocks.1.att.v0', { shape: [1, 1, D], data: Float32Array.of(0.5, -0.5, 1, 0) });
  weights.set('blocks.1.att.v1', { shape: [D, 1], data: laws.noiseRows(8, 4, 1) });
  weights.set('blocks.1.att.v2', { shape: [1, D], data: laws.noiseRows(9, 1, 4) });
  weights.set('ln_out.weight', { shape: [D], data: Float32Array.of(1, 2, 1, 2) });
  weights.set('ln_out.bias', { shape: [D], data: Float32Array.of(0.1, 0, 0, 0.2) });
  return weights;
}
const weights = twoLayers();
const head = { weight: laws.noiseRows(10, 3, D), dOut: 3 };
const parts = () => ({
  dModel: D,
  eps: EPS,
  blocks: configs.map((config, i) => readRwkv7Block(weights, `blocks.${i}.`, config)),
  finalNorm: readNorm(weights, 'ln_out', D),
  head,
});

function naiveLayerNorm(x: Float64Array, name: string): Float64Array {
  const { weight, bias } = readNorm(weights, name, D);
  const rowOf = (at: number) => x.subarray(at - (at % D), at - (at % D) + D);
  return x.map((value, at) => {
    const mean = rowOf(at).reduce((a, b) => a + b) / D;
    const variance = rowOf(at).reduce((sum, v) => sum + (v - mean) ** 2, 0) / D;
    return ((value - mean) / Math.sqrt(variance + EPS)) * weight[at % D]! + bias[at % D]!;
  });
}

function naive(input: Float32Array, rows: number): Float64Array {
  /** Columns [from, from + 4) of rows of `width`. */
  const columns = (x: Float64Array, width: number, from: number) =>
    Float64Array.from({ length: rows * D }, (_, at) => x[Math.floor(at / D) * width + from + (at % D)]!);
  let x = naiveLayerNorm(Float64Array.from(input), 'blocks.0.ln0');
  let vFirst = new Float64Array(rows * D);
  for (const [i, config] of configs.entries()) {
    const normed = naiveLayerNorm(x, `blocks.${i}.ln1`);
    const beside = Float64Array.from({ length: 2 * rows * D }, (_, at) => {
      const from = at % (2 * D) < D ? normed : vFirst;
      return from[Math.floor(at / (2 * D)) * D + (at % D)]!;
    });
    const y = naiveRwkv7(weights, `blocks.${i}.att.`, config, config.first ? normed : beside, rows);
    if (config.first) vFirst = columns(y, 2 * D, D);
    const mixed = config.first ? columns(y, 2 * D, 0) : y;
    const between = x.map((value, at) => value + mixed[at]!);
    const added = naiveRwkv7ChannelMix(
      weights,
      `blocks.${i}.ffn.`,
      config,
      naiveLayerNorm(between, `blocks.${i}.ln2`),
      rows,
    );
    x = between.map((value, at) => value + added[at]!);
  }
  const normed = naiveLayerNorm(x, 'ln_out');
  return Float64Array.from({ length: rows * 3 }, (_, at) => {
    const [t, i] = [Math.floor(at / 3), at % 3];
    return [0, 1, 2, 3].reduce((sum, j) => sum + head.weight[i * D + j]! * normed[t * D + j]!, 0);
  });
}

describe('rwkv7BlocksCell', () => {
  const sample: laws.Sample = { make: () => rwkv7BlocksCell(parts()), naive };
  const { startable, chunking, causal, isolated, resumable, faithful, skippable } = laws;
  it.each(Object.entries({ startable, chunking, causal, isolated, resumable, faithful, skippable }))(
    'is %s',
    (_law, law) => law(sample),
  );
  it('stays finite', () => laws.finite(sample, 5_000));

  it('has 4 D (N + 2) bytes a layer: v_first is no state', () => {
    expect(stateBytes(rwkv7BlocksCell(parts()).layout)).toBe(2 * 4 * D * (first.headDim + 2));
  });

  it('refuses layers in the wrong order, parts of different widths and an eps of zero', () => {
    const invalid = expect.objectContaining({ code: 'ERR_CONFIG_INVALID' });
    expect(() => rwkv7BlocksCell({ ...parts(), blocks: parts().blocks.reverse() })).toThrow(invalid);
    expect(() => rwkv7BlocksCell({ ...parts(), dModel: 5 })).toThrow(invalid);
    expect(() => rwkv7BlocksCell({ ...parts(), eps: 0 })).toThrow(invalid);
    expect(() => rwkv7BlocksCell({ ...parts(), head: { weight: new Float32Array(9), dOut: 3 } })).toThrow(invalid);
  });
});
