// transformers 5.17 RwkvForCausalLM, two layers, rescale_every = 0: from the embedding to the logits, whole and row by
// row with the state after every row. Upstream stacks the layers' states in the last axis.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../../src/cell/cell.ts';
import {
  naiveRwkv4,
  naiveRwkv4ChannelMix,
  readNorm,
  readRwkv4Block,
  rwkv4BlocksCell,
} from '../../../src/cell/rwkv4/index.ts';
import { makeState } from '../../../src/cell/state.ts';
import { parseSafetensors } from '../../../src/weights/safetensors.ts';
import { tensor } from '../../../src/weights/tensor.ts';
import { expectParity, readGolden, readGoldenWeights, relativeError } from '../../helpers/golden.ts';

const [ROWS, D_MODEL, VOCABULARY, LAYERS] = [40, 32, 64, 2];
// Upstream's hidden.0 of this family is what leaves block 0; what enters it is the input of its first norm.
const EMBEDDED = 'mod.rwkv.blocks.0.pre_ln.in';
const config = { dModel: D_MODEL, dAttention: 32, dHidden: 64 };
const golden = readGolden('rwkv');
const weights = readGoldenWeights('rwkv');
const blocks = Array.from({ length: LAYERS }, (_, i) => readRwkv4Block(weights, `rwkv.blocks.${i}.`, config));
const body = { dModel: D_MODEL, eps: 1e-5, blocks, finalNorm: readNorm(weights, 'rwkv.ln_out', D_MODEL) };
const head = { weight: tensor(weights, 'head.weight', [VOCABULARY, D_MODEL]), dOut: VOCABULARY };
const model = rwkv4BlocksCell({ ...body, head });

/** [name, cell, golden name of its input, of its output] */
const parts: [string, Cell, string, string][] = [
  ...blocks.flatMap(({ attention, feedForward }, i): [string, Cell, string, string][] => [
    [`time mixing ${i}`, attention.mixing, `mod.rwkv.blocks.${i}.ln1.out`, `mod.rwkv.blocks.${i}.attention.out`],
    [
      `channel mixing ${i}`,
      feedForward.mixing,
      `mod.rwkv.blocks.${i}.ln2.out`,
      `mod.rwkv.blocks.${i}.feed_forward.out`,
    ],
  ]),
  ['block 0', rwkv4BlocksCell({ dModel: D_MODEL, eps: 1e-5, blocks: blocks.slice(0, 1) }), EMBEDDED, 'hidden.0'],
  ['the body', rwkv4BlocksCell(body), EMBEDDED, 'mod.rwkv.ln_out.out'],
  ['the model', model, EMBEDDED, 'logits'],
];

const run = (cell: Cell, x: Float32Array, cuts: readonly number[]): Float32Array => {
  const state = makeState(cell.layout);
  cell.init(state);
  const y = new Float32Array(ROWS * cell.dOut);
  cuts.forEach((from, i) => {
    const to = cuts[i + 1] ?? ROWS;
    cell.scan!(state, x.subarray(from * cell.dIn, to * cell.dIn), y.subarray(from * cell.dOut), to - from);
  });
  return y;
};

describe.each(['f32', 'f64'])('RWKV-4 against transformers in %s', (precision) => {
  const rows = (name: string) => Float32Array.from(golden(`${precision}/full/${name}`));

  it.each(parts)('%s gives the same rows', (_part, cell, from, to) => {
    expectParity(run(cell, rows(from), [0]), golden(`${precision}/full/${to}`));
  });

  it('starts from the embedding of the token ids', () => {
    const file = readFileSync(new URL('./golden.safetensors', import.meta.url));
    const ids = Array.from(parseSafetensors(file).get('input_ids')!.data, Number);
    const table = tensor(weights, 'rwkv.embeddings.weight', [VOCABULARY, D_MODEL]);
    const embedded = ids.flatMap((id) => [...table.subarray(id * D_MODEL, (id + 1) * D_MODEL)]);
    expectParity(embedded, golden(`${precision}/full/${EMBEDDED}`));
  });

  it('a first part in one call and the rest row by row gives the same logits', () => {
    const cuts = [0, ...Array.from({ length: ROWS - 13 }, (_, i) => 13 + i)];
    expectParity(run(model, rows(EMBEDDED), cuts), golden(`${precision}/mixed/logits`));
  });

  it('gives the same logits and every layer the same state after every row', () => {
    const x = rows(EMBEDDED);
    const state = makeState(model.layout);
    model.init(state);
    const names = { att_x: 'attention.shift', num: 'attention.num', den: 'attention.den', max: 'attention.max' };
    const slots = Object.entries({ ...names, ffn_x: 'feed_forward.shift' });
    const logits = new Float32Array(ROWS * VOCABULARY);
    for (let t = 0; t < ROWS; t++) {
      const y = logits.subarray(t * VOCABULARY, (t + 1) * VOCABULARY);
      model.step(state, x.subarray(t * D_MODEL, (t + 1) * D_MODEL), y);
      for (const [upstream, own] of slots) {
        const stacked = golden(`${precision}/step/state.rwkv.${upstream}`).subarray(t * D_MODEL * LAYERS);
        for (let layer = 0; layer < LAYERS; layer++) {
          const expected = Float64Array.from({ length: D_MODEL }, (_, i) => stacked[i * LAYERS + layer]!);
          expectParity(state.at[`blocks.${layer}.${own}`]!, expected);
        }
      }
    }
    expectParity(logits, golden(`${precision}/step/logits`));
  });
});

describe.each([0, 1])('the slow twins of layer %i in float64', (layer) => {
  const block = `mod.rwkv.blocks.${layer}`;
  it('the time mixing', () => {
    const x = golden(`f64/full/${block}.ln1.out`);
    const y = naiveRwkv4(weights, `rwkv.blocks.${layer}.attention.`, config, x, ROWS);
    expect(relativeError(y, golden(`f64/full/${block}.attention.out`))).toBeLessThanOrEqual(1e-11);
  });
  it('the channel mixing', () => {
    const x = golden(`f64/full/${block}.ln2.out`);
    const y = naiveRwkv4ChannelMix(weights, `rwkv.blocks.${layer}.feed_forward.`, config, x, ROWS);
    expect(relativeError(y, golden(`f64/full/${block}.feed_forward.out`))).toBeLessThanOrEqual(1e-11);
  });
});
