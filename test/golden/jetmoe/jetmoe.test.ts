// transformers 5.17 JetMoeForCausalLM, two blocks: a mixture of attention heads and a mixture of experts in each, 2 of 4
// experts. The cells alone, what they keep, and the whole model as a stack of four.

import { describe, expect, it } from 'vitest';
import type { Cell } from '../../../src/cell/cell.ts';
import { moaCell, naiveMoa } from '../../../src/cell/moa/index.ts';
import { moeCell, naiveMoe } from '../../../src/cell/moe/index.ts';
import { type StackParts, stackCell } from '../../../src/cell/stack/index.ts';
import { makeState } from '../../../src/cell/state.ts';
import { tensor } from '../../../src/weights/tensor.ts';
import { expectParity, readGolden, readGoldenWeights, relativeError } from '../../helpers/golden.ts';

const [BATCH, ROWS, D, VOCABULARY, WINDOW, WIDTH] = [2, 40, 32, 64, 64, 16];
const golden = readGolden('jetmoe');
const weights = readGoldenWeights('jetmoe');
const experts = { dModel: D, experts: 4, chosen: 2 };
const moa = { ...experts, kvHeads: 2, headDim: 8, window: WINDOW, theta: 10_000 };
const moe = { ...experts, family: 'jetmoe' as const, dHidden: 24 };
const layers = [0, 1].map((i) => `model.layers.${i}`);
const mixers = layers.map((layer) => moaCell(weights, `${layer}.self_attention.`, moa));
const feeds = layers.map((layer) => moeCell(weights, `${layer}.mlp.`, moe));

const norm = (name: string) => tensor(weights, `${name}.weight`, [D]);
const model: StackParts = {
  dModel: D,
  eps: 1e-6,
  blocks: layers.flatMap((layer, i) => [
    { norm: norm(`${layer}.input_layernorm`), mixer: mixers[i]! },
    { norm: norm(`${layer}.post_attention_layernorm`), mixer: feeds[i]! },
  ]),
  finalNorm: norm('model.norm'),
  head: {
    ...{ dIn: D, dOut: VOCABULARY, bias: new Float32Array(VOCABULARY) },
    weight: tensor(weights, 'lm_head.weight', [VOCABULARY, D]),
  },
};
const { finalNorm, head, ...blocks } = model;

/** [name, cell, golden input, golden output] */
const parts: [string, Cell, string, string][] = [
  ...[0, 1].flatMap((i): [string, Cell, string, string][] => [
    [`attention ${i}`, mixers[i]!, `mod.${layers[i]}.self_attention.in`, `mod.${layers[i]}.self_attention.out`],
    [`experts ${i}`, feeds[i]!, `mod.${layers[i]}.mlp.in`, `mod.${layers[i]}.mlp.out`],
  ]),
  ['block 0', stackCell({ ...blocks, blocks: blocks.blocks.slice(0, 2) }), 'hidden.0', 'hidden.1'],
  ['both blocks', stackCell(blocks), 'hidden.0', 'mod.model.norm.in'],
  ['the model', stackCell(model), 'hidden.0', 'logits'],
];

function run(cell: Cell, x: Float64Array, observe?: (at: Record<string, ArrayLike<number>>, t: number, b: number) => void) {
  const input = Float32Array.from(x);
  const output = new Float32Array(BATCH * ROWS * cell.dOut);
  for (let b = 0; b < BATCH; b++) {
    const state = makeState(cell.layout);
    cell.init(state);
    for (let t = b * ROWS; t < (b + 1) * ROWS; t++) {
      const row = input.subarray(t * cell.dIn, (t + 1) * cell.dIn);
      cell.step(state, row, output.subarray(t * cell.dOut, (t + 1) * cell.dOut));
      observe?.(state.at, t - b * ROWS, b);
    }
  }
  return output;
}

describe.each(['f32', 'f64'])('JetMoE against transformers in %s', (precision) => {
  it.each(parts)('%s gives the same rows', (_part, cell, from, to) => {
    expectParity(run(cell, golden(`${precision}/full/${from}`)), golden(`${precision}/full/${to}`));
  });

  it('the model gives what upstream gives one token at a time, and after a prefill', () => {
    const logits = run(stackCell(model), golden(`${precision}/full/hidden.0`));
    expectParity(logits, golden(`${precision}/step/logits`));
    expectParity(logits, golden(`${precision}/mixed/logits`));
  });

  it('the ring holds the same keys and values after the same rows', () => {
    const seen = new Set([0, 1, 7, 8, 12, 20, 39]);
    let compared = 0;
    run(stackCell(model), golden(`${precision}/full/hidden.0`), (at, t, b) => {
      if (!seen.has(t)) return;
      for (const [layer, slot] of [0, 1].flatMap((i) => [[i, 'k'] as const, [i, 'v'] as const])) {
        const ring = at[`layers.${2 * layer}.${slot}`]!;
        // Upstream's cache is [B, kvHeads, rows, headDim], the ring [row, kvHeads, headDim].
        const cached = [0, 1].flatMap((h) =>
          Array.from({ length: (t + 1) * 8 }, (_, i) => ring[Math.floor(i / 8) * WIDTH + h * 8 + (i % 8)]!),
        );
        const expected = golden(`${precision}/step/kv.layers.${layer}.${slot}@${t}`);
        expectParity(cached, expected.subarray(b * cached.length, (b + 1) * cached.length));
        compared++;
      }
    });
    expect(compared).toBe(BATCH * 7 * 4);
  });
});

it.each([0, 1])('the slow twins of block %i are within 1e-11 of the float64 rows', (i) => {
  const layer = layers[i]!;
  for (const [module, twin] of [
    ['self_attention', (x: Float64Array) => naiveMoa(weights, `${layer}.self_attention.`, moa, x, ROWS)],
    ['mlp', (x: Float64Array) => naiveMoe(weights, `${layer}.mlp.`, moe, x, ROWS)],
  ] as const) {
    const [x, y] = [golden(`f64/full/mod.${layer}.${module}.in`), golden(`f64/full/mod.${layer}.${module}.out`)];
    for (const from of [0, ROWS * D]) {
      const rows = twin(x.subarray(from, from + ROWS * D));
      expect(relativeError(rows, y.subarray(from, from + ROWS * D))).toBeLessThanOrEqual(1e-11);
    }
  }
});
