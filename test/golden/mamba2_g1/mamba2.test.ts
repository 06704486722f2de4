// transformers 5.17 Mamba2ForCausalLM, one layer, one group: the whole model, its state after every step, its scan in
// chunks, and in float64 the slow twin.

import { describe, expect, it } from 'vitest';
import type { Cell } from '../../../src/cell/cell.ts';
import { type Mamba2Config, mamba2Cell, naiveMamba2 } from '../../../src/cell/mamba2/index.ts';
import { naiveStack, readBody, type StackParts, stackCell } from '../../../src/cell/stack/index.ts';
import { makeState } from '../../../src/cell/state.ts';
import { tensor } from '../../../src/weights/tensor.ts';
import { expectParity, readGolden, readGoldenWeights, relativeError, scanStreams } from '../../helpers/golden.ts';

const [BATCH, ROWS, D_MODEL, VOCABULARY, CHANNELS, SSM] = [2, 40, 32, 64, 96, 4 * 16 * 16];
const config: Mamba2Config = {
  dModel: D_MODEL,
  dState: 16,
  dConv: 4,
  expand: 2,
  headDim: 16,
  nGroups: 1,
  eps: 1e-5,
  dtLimit: [0, Infinity],
};
// Upstream's hidden.0 of this family is what leaves block 0; what enters it is the input of its norm.
const EMBEDDED = 'mod.backbone.layers.0.norm.in';
const golden = readGolden('mamba2_g1');
const weights = readGoldenWeights('mamba2_g1');
const mixer = mamba2Cell(weights, 'backbone.layers.0.mixer.', config);
const { finalNorm, ...block } = readBody(weights, 'backbone', { dModel: D_MODEL, eps: 1e-5 }, [mixer]);
const body: StackParts = { ...block, finalNorm: finalNorm! };
const model: StackParts = {
  ...body,
  head: {
    dIn: D_MODEL,
    dOut: VOCABULARY,
    weight: tensor(weights, 'lm_head.weight', [VOCABULARY, D_MODEL]),
    bias: new Float32Array(VOCABULARY),
  },
};

describe.each(['f32', 'f64'])('Mamba-2 against transformers in %s', (precision) => {
  const full = (name: string) => golden(`${precision}/full/${name}`);

  it.each([
    ['the mixer', mixer as Cell, 'mod.backbone.layers.0.mixer.in', 'mod.backbone.layers.0.mixer.out'],
    ['the block', stackCell(block), EMBEDDED, 'mod.backbone.norm_f.in'],
    ['the body', stackCell(body), EMBEDDED, 'mod.backbone.norm_f.out'],
    ['the model', stackCell(model), EMBEDDED, 'logits'],
  ])('%s gives the same rows', (_part, cell, from, to) => {
    expectParity(scanStreams(cell, full(from), ROWS), full(to));
  });

  it('holds the same state after every step', () => {
    const cell = stackCell(model);
    const input = Float32Array.from(full(EMBEDDED));
    const conv = golden(`${precision}/step/state.layers.0.conv`);
    const ssm = golden(`${precision}/step/state.layers.0.ssm`);
    const y = new Float32Array(cell.dOut);
    for (let b = 0; b < BATCH; b++) {
      const state = makeState(cell.layout);
      cell.init(state);
      for (let t = 0; t < ROWS; t++) {
        cell.step(state, input.subarray((b * ROWS + t) * D_MODEL, (b * ROWS + t + 1) * D_MODEL), y);
        const at = t * BATCH + b;
        expectParity(state.at['layers.0.ssm']!, ssm.subarray(at * SSM, (at + 1) * SSM));
        // Upstream keeps four inputs of a channel, of which it never reads the oldest; we keep three.
        const newest = conv.subarray(at * CHANNELS * 4, (at + 1) * CHANNELS * 4).filter((_, i) => i % 4 > 0);
        expectParity(state.at['layers.0.conv']!, newest);
      }
    }
  });

  it.each([1, 4, 7, 16, 40])('in chunks of %i rows the mixer gives the same rows and end state', (chunkRows) => {
    const cell = mamba2Cell(weights, 'backbone.layers.0.mixer.', { ...config, chunkRows });
    const input = Float32Array.from(full('mod.backbone.layers.0.mixer.in'));
    const output = new Float32Array(BATCH * ROWS * D_MODEL);
    for (let b = 0; b < BATCH; b++) {
      const state = makeState(cell.layout);
      cell.init(state);
      const x = input.subarray(b * ROWS * D_MODEL, (b + 1) * ROWS * D_MODEL);
      cell.forms!.ssd!.scan(state, x, output.subarray(b * ROWS * D_MODEL), ROWS);
      expectParity(state.at.ssm, full('state.layers.0.ssm').subarray(b * SSM, (b + 1) * SSM));
    }
    expectParity(output, full('mod.backbone.layers.0.mixer.out'));
  });
});

it.each([0, 1])('the slow twin gives the float64 rows of stream %i, of the mixer and of the whole model', (b) => {
  const stream = (name: string, width: number) =>
    golden(`f64/full/${name}`).subarray(b * ROWS * width, (b + 1) * ROWS * width);
  const naive = (x: Float64Array, rows: number) => naiveMamba2(weights, 'backbone.layers.0.mixer.', config, x, rows);
  const mixed = naive(stream('mod.backbone.layers.0.mixer.in', D_MODEL), ROWS);
  expect(relativeError(mixed, stream('mod.backbone.layers.0.mixer.out', D_MODEL))).toBeLessThan(1e-11);
  const logits = naiveStack(model, [naive], stream(EMBEDDED, D_MODEL), ROWS);
  expect(relativeError(logits, stream('logits', VOCABULARY))).toBeLessThan(1e-11);
});
