// Tiles of any size against a float64 reference of bare attention; the slow twin against whole Llama and Mistral layers.

import { describe, expect, it } from 'vitest';
import { naiveAttention } from '../../../src/cell/attention/index.ts';
import { attendTiled } from '../../../src/kernel/plain/attention-tiled.ts';
import { expectParity, readGolden, readGoldenWeights, relativeError } from '../../helpers/golden.ts';

describe.each([
  ['out.causal', 32],
  ['out.window8', 8],
])('attendTiled', (name, window) => {
  it.each([1, 5, 8, 32, 1000])(`gives ${name} in tiles of %i keys`, (tile) => {
    const golden = readGolden('attention');
    const [q, k, v] = ['in.q', 'in.k', 'in.v'].map((input) => Float32Array.from(golden(input))) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const y = new Float32Array(q.length);
    const rows = Float64Array.from({ length: 32 }, (_, t) => t);
    attendTiled(q, { k, v, rows, ownK: k, ownV: v }, window, tile, y, { heads: 1, kvHeads: 1, headDim: 8 });
    expectParity(y, golden(name));
  });
});

it.each([
  ['llama_gqa', 64],
  ['mistral_swa', 8],
])('the slow twin is within 1e-11 of both float64 layers of %s', (name, window) => {
  const golden = readGolden(name);
  const weights = readGoldenWeights(name);
  const config = { dModel: 32, heads: 4, kvHeads: 2, headDim: 8, window, theta: 10_000 };
  for (const layer of ['model.layers.0', 'model.layers.1']) {
    const x = golden(`f64/full/mod.${layer}.input_layernorm.out`);
    const y = golden(`f64/full/mod.${layer}.self_attn.out`);
    for (const from of [0, 1280]) {
      const twin = naiveAttention(weights, `${layer}.self_attn.`, config, x.subarray(from, from + 1280), 40);
      expect(relativeError(twin, y.subarray(from, from + 1280))).toBeLessThanOrEqual(1e-11);
    }
  }
});
