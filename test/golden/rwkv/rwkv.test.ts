// transformers 5.17 RwkvForCausalLM, two layers, rescale_every = 0: from the embedding to the logits, whole and row by
// row with the state after every row. Upstream stacks the layers' states in the last axis.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../../src/cell/cell.ts';
import * as laws from '../../../src/cell/laws.ts';
import { naiveRwkv4, naiveRwkv4ChannelMix, readNorm, readRwkv4Block } from '../../../src/cell/rwkv4/index.ts';
import { naiveStack, type StackParts, stackCell } from '../../../src/cell/stack/index.ts';
import { makeState, type State, stateBytes } from '../../../src/cell/state.ts';
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
const { weight: finalNorm, bias: finalNormBias } = readNorm(weights, 'rwkv.ln_out', D_MODEL);
const embedNorm = readNorm(weights, 'rwkv.blocks.0.pre_ln', D_MODEL);
const bare: StackParts = { dModel: D_MODEL, eps: 1e-5, embedNorm, blocks };
const body: StackParts = { ...bare, finalNorm, finalNormBias };
const head = { dIn: D_MODEL, dOut: VOCABULARY, weight: tensor(weights, 'head.weight', [VOCABULARY, D_MODEL]) };
const model = stackCell({ ...body, head });

/** [name, cell, golden name of its input, of its output] */
const parts: [string, Cell, string, string][] = [
  ...blocks.flatMap(({ mixer, feedForward }, i): [string, Cell, string, string][] => [
    [`time mixing ${i}`, mixer, `mod.rwkv.blocks.${i}.ln1.out`, `mod.rwkv.blocks.${i}.attention.out`],
    [
      `channel mixing ${i}`,
      feedForward.cell,
      `mod.rwkv.blocks.${i}.ln2.out`,
      `mod.rwkv.blocks.${i}.feed_forward.out`,
    ],
  ]),
  ['block 0', stackCell({ ...bare, blocks: blocks.slice(0, 1) }), EMBEDDED, 'hidden.0'],
  ['the body', stackCell(body), EMBEDDED, 'mod.rwkv.ln_out.out'],
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
    const names = { att_x: 'shift', num: 'num', den: 'den', max: 'max' };
    const slots = Object.entries({ ...names, ffn_x: 'feed_forward.shift' });
    const logits = new Float32Array(ROWS * VOCABULARY);
    for (let t = 0; t < ROWS; t++) {
      const y = logits.subarray(t * VOCABULARY, (t + 1) * VOCABULARY);
      model.step(state, x.subarray(t * D_MODEL, (t + 1) * D_MODEL), y);
      for (const [upstream, own] of slots) {
        const stacked = golden(`${precision}/step/state.rwkv.${upstream}`).subarray(t * D_MODEL * LAYERS);
        for (let layer = 0; layer < LAYERS; layer++) {
          const expected = Float64Array.from({ length: D_MODEL }, (_, i) => stacked[i * LAYERS + layer]!);
          expectParity(state.at[`layers.${layer}.${own}`]!, expected);
        }
      }
    }
    expectParity(logits, golden(`${precision}/step/logits`));
  });
});

/** Time mixing and channel mixing of layer 0, then of layer 1. */
const twins = Array.from({ length: LAYERS }, (_, i) => `rwkv.blocks.${i}`).flatMap((layer) => [
  (x: Float64Array, rows: number) => naiveRwkv4(weights, `${layer}.attention.`, config, x, rows),
  (x: Float64Array, rows: number) => naiveRwkv4ChannelMix(weights, `${layer}.feed_forward.`, config, x, rows),
]);

describe('the slow twins in float64', () => {
  const full = (name: string) => golden(`f64/full/${name}`);
  const halves = Array.from({ length: LAYERS }, (_, i) => `mod.rwkv.blocks.${i}`).flatMap((block) => [
    [`${block}.ln1.out`, `${block}.attention.out`] as const,
    [`${block}.ln2.out`, `${block}.feed_forward.out`] as const,
  ]);
  it.each(halves.map(([from, to], i) => ({ from, to, twin: twins[i]! })))('$to', ({ from, to, twin }) => {
    expect(relativeError(twin(full(from), ROWS), full(to))).toBeLessThanOrEqual(1e-11);
  });
  it('the whole model', () => {
    const logits = naiveStack({ ...body, head }, twins, full(EMBEDDED), ROWS);
    expect(relativeError(logits, full('logits'))).toBeLessThanOrEqual(1e-11);
  });
});

describe('two layers as one cell', () => {
  const cell = stackCell(body);
  const sample: laws.Sample = { make: () => stackCell(body), naive: (x, rows) => naiveStack(body, twins, x, rows) };
  const { startable, causal, isolated, resumable, faithful, skippable } = laws;
  const named = { startable, causal, isolated, resumable, faithful, skippable };
  it.each(Object.entries(named))('are %s', (_law, law) => law(sample));
  it('stay finite', () => laws.finite(sample, 5_000));

  it('have the state of the README of RWKV-4: 4 (2 D + 3 A) bytes a layer', () => {
    expect(stateBytes(cell.layout)).toBe(LAYERS * 4 * (2 * D_MODEL + 3 * config.dAttention));
  });

  it('take a row on time as a step to the bit, a late row as a gap and a step', () => {
    const x = laws.noiseRows(5, 1, D_MODEL);
    const after = (advance: (state: State, y: Float32Array) => void) => {
      const state = makeState(cell.layout);
      cell.init(state);
      cell.scan!(state, laws.noiseRows(3, 20, D_MODEL), new Float32Array(20 * D_MODEL), 20);
      const y = new Float32Array(D_MODEL);
      advance(state, y);
      return { state, y };
    };
    const same = (a: { state: State; y: Float32Array }, b: { state: State; y: Float32Array }) =>
      laws.sameBits(a.y, b.y) && laws.sameState(a.state, b.state);
    const stepped = after((state, y) => cell.step(state, x, y));
    expect(same(after((state, y) => cell.stepAfter!(state, x, y, 1)), stepped)).toBe(true);
    const skipped = after((state, y) => {
      cell.skip!(state, 3.5);
      cell.step(state, x, y);
    });
    expect(same(after((state, y) => cell.stepAfter!(state, x, y, 4.5)), skipped)).toBe(true);
  });
});
