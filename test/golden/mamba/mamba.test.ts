// transformers 5.17 MambaForCausalLM, two layers: the whole model, its state after every step, its other scans, and in
// float64 the slow twin.

import { describe, expect, it } from 'vitest';
import type { Cell } from '../../../src/cell/cell.ts';
import { type MambaConfig, mambaCell, naiveMamba } from '../../../src/cell/mamba/index.ts';
import { naiveStack, readBody, type StackParts, stackCell } from '../../../src/cell/stack/index.ts';
import { makeState } from '../../../src/cell/state.ts';
import { tensor } from '../../../src/weights/tensor.ts';
import { expectParity, readGolden, readGoldenWeights, relativeError, scanStreams } from '../../helpers/golden.ts';

const [BATCH, ROWS, D_MODEL, VOCABULARY, CHANNELS, D_STATE] = [2, 40, 32, 64, 64, 8];
const LAYERS = [0, 1];
const config: MambaConfig = { dModel: D_MODEL, dInner: CHANNELS, dState: D_STATE, dConv: 4, dtRank: 3 };
// Upstream's hidden.0 of this family is what leaves block 0; what enters it is the input of its norm.
const EMBEDDED = 'mod.backbone.layers.0.norm.in';
const golden = readGolden('mamba');
const weights = readGoldenWeights('mamba');
const prefix = (layer: number) => `backbone.layers.${layer}.mixer.`;
const mixers = LAYERS.map((i) => mambaCell(weights, prefix(i), config));
const body = readBody(weights, 'backbone', { dModel: D_MODEL, eps: 1e-5 }, mixers);
const { finalNorm: _, ...blocks } = body;
const model: StackParts = {
  ...body,
  head: {
    dIn: D_MODEL,
    dOut: VOCABULARY,
    weight: tensor(weights, 'lm_head.weight', [VOCABULARY, D_MODEL]),
    bias: new Float32Array(VOCABULARY),
  },
};
const streamOf = (values: Float64Array, b: number, width: number) =>
  values.subarray(b * ROWS * width, (b + 1) * ROWS * width);

describe.each(['f32', 'f64'])('Mamba against transformers in %s', (precision) => {
  const full = (name: string) => golden(`${precision}/full/${name}`);
  const module = (layer: number, end: string) => full(`mod.backbone.layers.${layer}.mixer.${end}`);

  it.each([
    ['mixer 0', mixers[0]! as Cell, 'mod.backbone.layers.0.mixer.in', 'mod.backbone.layers.0.mixer.out'],
    ['mixer 1', mixers[1]! as Cell, 'mod.backbone.layers.1.mixer.in', 'mod.backbone.layers.1.mixer.out'],
    ['both blocks', stackCell(blocks), EMBEDDED, 'mod.backbone.norm_f.in'],
    ['the body', stackCell(body), EMBEDDED, 'mod.backbone.norm_f.out'],
    ['the model', stackCell(model), EMBEDDED, 'logits'],
  ])('%s gives the same rows', (_part, cell, from, to) => {
    expectParity(scanStreams(cell, full(from), ROWS), full(to));
  });

  it('holds the same state after every step', () => {
    const cell = stackCell(model);
    const input = Float32Array.from(full(EMBEDDED));
    const logits = golden(`${precision}/step/logits`);
    const y = new Float32Array(cell.dOut);
    for (let b = 0; b < BATCH; b++) {
      const state = makeState(cell.layout);
      cell.init(state);
      for (let t = 0; t < ROWS; t++) {
        const row = b * ROWS + t;
        cell.step(state, input.subarray(row * D_MODEL, (row + 1) * D_MODEL), y);
        expectParity(y, logits.subarray(row * VOCABULARY, (row + 1) * VOCABULARY));
        for (const layer of LAYERS) {
          const [at, ssm] = [t * BATCH + b, CHANNELS * D_STATE];
          const upstream = (slot: string) => golden(`${precision}/step/state.layers.${layer}.${slot}`);
          expectParity(state.at[`layers.${layer}.ssm`]!, upstream('ssm').subarray(at * ssm, (at + 1) * ssm));
          // Upstream keeps four inputs of a channel, of which it never reads the oldest; we keep three.
          const kept = upstream('conv').subarray(at * CHANNELS * 4, (at + 1) * CHANNELS * 4);
          expectParity(
            state.at[`layers.${layer}.conv`]!,
            kept.filter((_, i) => i % 4 > 0),
          );
        }
      }
    }
  });

  it.each(['chunked', 'associative'] as const)('the %s form gives the same rows and end state', (name) => {
    for (const layer of LAYERS) {
      const input = Float32Array.from(module(layer, 'in'));
      for (let b = 0; b < BATCH; b++) {
        const cell = mixers[layer]!;
        const state = makeState(cell.layout);
        cell.init(state);
        const y = new Float32Array(ROWS * D_MODEL);
        cell.forms![name]!.scan(state, input.subarray(b * ROWS * D_MODEL, (b + 1) * ROWS * D_MODEL), y, ROWS);
        expectParity(y, streamOf(module(layer, 'out'), b, D_MODEL));
        const ssm = full(`state.layers.${layer}.ssm`);
        expectParity(state.at.ssm, ssm.subarray(b * CHANNELS * D_STATE, (b + 1) * CHANNELS * D_STATE));
      }
    }
  });
});

describe('the slow twin', () => {
  const full = (name: string) => golden(`f64/full/${name}`);
  const naive = LAYERS.map(
    (i) => (x: Float64Array, rows: number) => naiveMamba(weights, prefix(i), config, x, rows),
  );

  it.each([0, 1])('gives the float64 rows of stream %i, of each mixer and of the whole model', (b) => {
    for (const layer of LAYERS) {
      const ends = ['in', 'out'].map((end) => streamOf(full(`mod.backbone.layers.${layer}.mixer.${end}`), b, D_MODEL));
      expect(relativeError(naive[layer]!(ends[0]!, ROWS), ends[1]!)).toBeLessThan(1e-11);
    }
    const logits = naiveStack(model, naive, streamOf(full(EMBEDDED), b, D_MODEL), ROWS);
    expect(relativeError(logits, streamOf(full('logits'), b, VOCABULARY))).toBeLessThan(1e-11);
  });
});
