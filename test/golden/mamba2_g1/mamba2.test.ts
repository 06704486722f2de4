// transformers 5.17 Mamba2ForCausalLM, one layer, one group: the whole model and its state after every step.

import { describe, it } from 'vitest';
import type { Cell } from '../../../src/cell/cell.ts';
import { type Mamba2Config, mamba2Cell } from '../../../src/cell/mamba2/index.ts';
import { readBody, type StackParts, stackCell } from '../../../src/cell/stack/index.ts';
import { makeState } from '../../../src/cell/state.ts';
import { tensor } from '../../../src/weights/tensor.ts';
import { expectParity, readGolden, readGoldenWeights } from '../../helpers/golden.ts';

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
    const input = Float32Array.from(full(from));
    const output = new Float32Array(BATCH * ROWS * cell.dOut);
    for (let b = 0; b < BATCH; b++) {
      const state = makeState(cell.layout);
      cell.init(state);
      const x = input.subarray(b * ROWS * cell.dIn, (b + 1) * ROWS * cell.dIn);
      cell.scan!(state, x, output.subarray(b * ROWS * cell.dOut), ROWS);
    }
    expectParity(output, full(to));
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
});
