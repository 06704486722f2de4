// What the two attention goldens share: a two-layer Llama-shaped model of transformers 5.17, its rows and its ring.

import { expect } from 'vitest';
import { attentionCell } from '../../src/cell/attention/index.ts';
import type { Cell } from '../../src/cell/cell.ts';
import { readBody, type StackParts, stackCell } from '../../src/cell/stack/index.ts';
import { makeState } from '../../src/cell/state.ts';
import { tensor } from '../../src/weights/tensor.ts';
import { expectParity, readGolden, readGoldenWeights, scanStreams } from './golden.ts';

const [BATCH, ROWS, D_MODEL, VOCABULARY, KV_HEADS, HEAD_DIM] = [2, 40, 32, 64, 2, 8];
const LAYERS = [0, 1];

export function openTransformer(name: string, window: number) {
  const golden = readGolden(name);
  const weights = readGoldenWeights(name);
  const config = { dModel: D_MODEL, heads: 4, kvHeads: KV_HEADS, headDim: HEAD_DIM, window, theta: 10_000 };
  const mixers = LAYERS.map((i) => attentionCell(weights, `model.layers.${i}.self_attn.`, config));
  const body = readBody(weights, 'model', { dModel: D_MODEL, eps: 1e-6, dHidden: 48 }, mixers);
  const { finalNorm, ...blocks } = body;
  const head = {
    dIn: D_MODEL,
    dOut: VOCABULARY,
    weight: tensor(weights, 'lm_head.weight', [VOCABULARY, D_MODEL]),
    bias: new Float32Array(VOCABULARY),
  };
  const model: StackParts = { ...body, head };

  /** [name, cell, golden name of its input, of its output] */
  const parts: [string, Cell, string, string][] = [
    ...LAYERS.map((i): [string, Cell, string, string] => [
      `attention ${i}`,
      mixers[i]!,
      `mod.model.layers.${i}.input_layernorm.out`,
      `mod.model.layers.${i}.self_attn.out`,
    ]),
    ['block 0', stackCell({ ...blocks, blocks: blocks.blocks.slice(0, 1) }), 'hidden.0', 'hidden.1'],
    ['both blocks', stackCell(blocks), 'hidden.0', 'mod.model.norm.in'],
    ['the body', stackCell(body), 'hidden.0', 'hidden.2'],
    ['the model', stackCell(model), 'hidden.0', 'logits'],
  ];

  const expectRows = (precision: string, cell: Cell, from: string, to: string): void => {
    const full = (name: string) => golden(`${precision}/full/${name}`);
    expectParity(scanStreams(cell, full(from), ROWS), full(to));
  };

  /** The ring after row t holds what upstream's cache holds: its last `kept` rows, oldest first, [B, Hkv, kept, d]. */
  const expectRing = (precision: string, t: number, kept: number): void => {
    const cell = stackCell(model);
    const input = Float32Array.from(golden(`${precision}/full/hidden.0`));
    for (let b = 0; b < BATCH; b++) {
      const state = makeState(cell.layout);
      cell.init(state);
      const x = input.subarray(b * ROWS * D_MODEL, (b + 1) * ROWS * D_MODEL);
      cell.scan!(state, x, new Float32Array(ROWS * cell.dOut), t + 1);
      for (const layer of LAYERS) {
        expect(state.at[`layers.${layer}.position`]![0]).toBe(t + 1);
        for (const slot of ['k', 'v']) {
          const ring = state.at[`layers.${layer}.${slot}`]!;
          const cached: number[] = [];
          for (let h = 0; h < KV_HEADS; h++) {
            for (let row = t - kept + 1; row <= t; row++) {
              const at = ((row % window) * KV_HEADS + h) * HEAD_DIM;
              cached.push(...ring.subarray(at, at + HEAD_DIM));
            }
          }
          const expected = golden(`${precision}/step/kv.layers.${layer}.${slot}@${t}`);
          expectParity(cached, expected.subarray(b * cached.length, (b + 1) * cached.length));
        }
      }
    }
  };
  return { parts, expectRows, expectRing };
}
