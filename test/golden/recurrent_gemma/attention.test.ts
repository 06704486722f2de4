// The attention layer, the MLP and the (1 + w) norm of transformers 5.17's RecurrentGemma: rotation of half a head, one key
// head for four of queries, a bias on the way out, a window of 8 rows; GeGLU with biases. Its recurrence: rg-lru.

import { describe, expect, it } from 'vitest';
import { attentionCell, naiveAttention } from '../../../src/cell/attention/index.ts';
import { makeState } from '../../../src/cell/state.ts';
import { gatedMlp } from '../../../src/kernel/plain/gated-mlp.ts';
import { rmsNormPlusOne } from '../../../src/kernel/plain/rms-norm-plus-one.ts';
import { expectParity, readGolden, readGoldenWeights, relativeError } from '../../helpers/golden.ts';

const [BATCH, ROWS, D] = [2, 40, 64];
const LAYER = 'model.layers.2';
const golden = readGolden('recurrent_gemma');
const weights = readGoldenWeights('recurrent_gemma');
const config = {
  ...{ dModel: D, heads: 4, kvHeads: 1, headDim: 16, window: 8, theta: 10_000 },
  ...{ rotaryFactor: 0.5, biases: ['o'] as const },
};
const cell = attentionCell(weights, `${LAYER}.temporal_block.`, config);

function eachStream(precision: string, module: string, run: (x: Float64Array, b: number) => ArrayLike<number>) {
  const [x, y] = ['in', 'out'].map((end) => golden(`${precision}/full/mod.${LAYER}.${module}.${end}`));
  const length = x!.length / BATCH;
  const error = [0, 1].map((b) => {
    const part = (all: Float64Array) => all.subarray(b * length, (b + 1) * length);
    return relativeError(run(part(x!), b), part(y!));
  });
  return Math.max(...error);
}

describe.each(['f32', 'f64'])('RecurrentGemma against transformers in %s', (precision) => {
  it.each(['steps', 'tiles'])('its attention gives the same rows by %s and keeps the same keys and values', (form) => {
    const error = eachStream(precision, 'temporal_block', (x, b) => {
      const state = makeState(cell.layout);
      cell.init(state);
      const y = new Float32Array(ROWS * D);
      const scan = form === 'steps' ? cell.scan! : cell.forms!.tiled!.scan;
      scan(state, Float32Array.from(x), y, ROWS);
      for (const slot of ['k', 'v'] as const) {
        const kept = Array.from({ length: 7 }, (_, i) => (ROWS - 7 + i) % 8);
        const rows = kept.flatMap((at) => [...state.at[slot].subarray(at * 16, (at + 1) * 16)]);
        expectParity(rows, golden(`${precision}/full/state.layers.2.${slot}`).subarray(b * 112, (b + 1) * 112));
      }
      return y;
    });
    expect(error).toBeLessThanOrEqual(1e-5);
  });

  it('its MLP gives the same rows', () => {
    const read = (name: string) => weights.get(`${LAYER}.mlp_block.${name}`)!.data;
    const mlp = {
      ...{ gate: read('gate_proj.weight'), up: read('up_proj.weight'), down: read('down_proj.weight') },
      ...{ gateBias: read('gate_proj.bias'), upBias: read('up_proj.bias'), downBias: read('down_proj.bias') },
      activation: 'gelu_tanh' as const,
    };
    const [gated, raised] = [new Float32Array(48), new Float32Array(48)];
    const error = eachStream(precision, 'mlp_block', (x) => {
      const [rows, y] = [Float32Array.from(x), new Float32Array(x.length)];
      for (let at = 0; at < x.length; at += D) {
        gatedMlp(mlp, rows.subarray(at, at + D), gated, raised, y.subarray(at, at + D));
      }
      return y;
    });
    expect(error).toBeLessThanOrEqual(1e-5);
  });

  it('its norm gives the same rows', () => {
    const weight = weights.get(`${LAYER}.channel_pre_norm.weight`)!.data;
    const error = eachStream(precision, 'channel_pre_norm', (x) => {
      const y = Float32Array.from(x);
      for (let at = 0; at < x.length; at += D) rmsNormPlusOne(y.subarray(at, at + D), weight, 1e-6, y.subarray(at, at + D));
      return y;
    });
    expect(error).toBeLessThanOrEqual(1e-5);
  });
});

it('the slow twin of attention is within 1e-11 of the float64 rows', () => {
  const twin = (x: Float64Array) => naiveAttention(weights, `${LAYER}.temporal_block.`, config, x, ROWS);
  expect(eachStream('f64', 'temporal_block', twin)).toBeLessThanOrEqual(1e-11);
});
