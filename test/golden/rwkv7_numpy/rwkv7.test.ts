// Three layers of RWKV-7 from the embedding to the logits against BlinkDL's own numpy inference (RWKV-LM, commit 2148350,
// RWKV-v7/rwkv_v7_numpy.py), run in float64 on random weights in the shapes of a checkpoint, the low ranks all different.

import { describe, expect, it } from 'vitest';
import {
  naiveRwkv7,
  naiveRwkv7ChannelMix,
  readNorm,
  readRwkv7Block,
  rwkv7BlocksCell,
} from '../../../src/cell/rwkv7/index.ts';
import { makeState } from '../../../src/cell/state.ts';
import { tensor } from '../../../src/weights/tensor.ts';
import { expectParity, readGolden, readGoldenWeights, relativeError, scanStreams } from '../../helpers/golden.ts';

const [ROWS, D, HEAD_DIM, HIDDEN, LAYERS, VOCABULARY] = [40, 16, 4, 48, 3, 32];
const golden = readGolden('rwkv7_numpy');
const weights = readGoldenWeights('rwkv7_numpy');
const configs = Array.from({ length: LAYERS }, (_, i) => ({
  dModel: D,
  headDim: HEAD_DIM,
  dHidden: HIDDEN,
  first: i === 0,
}));
const model = rwkv7BlocksCell({
  dModel: D,
  eps: 1e-5,
  blocks: configs.map((config, i) => readRwkv7Block(weights, `blocks.${i}.`, config)),
  finalNorm: readNorm(weights, 'ln_out', D),
  head: { weight: tensor(weights, 'head.weight', [VOCABULARY, D]), dOut: VOCABULARY },
});

describe('RWKV-7 against RWKV-LM', () => {
  it('gives the same logits, and every layer the same state after every row', () => {
    const x = Float32Array.from(golden('in.x'));
    const [shifts, matrices] = [golden('state.shift'), golden('state.S')];
    const state = makeState(model.layout);
    model.init(state);
    const logits = new Float32Array(ROWS * VOCABULARY);
    for (let t = 0; t < ROWS; t++) {
      const y = logits.subarray(t * VOCABULARY, (t + 1) * VOCABULARY);
      model.step(state, x.subarray(t * D, (t + 1) * D), y);
      for (let layer = 0; layer < LAYERS; layer++) {
        const at = t * LAYERS + layer;
        const S = matrices.subarray(at * D * HEAD_DIM, (at + 1) * D * HEAD_DIM);
        expectParity(state.at[`blocks.${layer}.att.S`]!, S);
        expectParity(state.at[`blocks.${layer}.att.shift`]!, shifts.subarray(2 * at * D, (2 * at + 1) * D));
        expectParity(state.at[`blocks.${layer}.ffn.shift`]!, shifts.subarray((2 * at + 1) * D, (2 * at + 2) * D));
      }
    }
    expectParity(logits, golden('out.logits'));
  });

  it('gives the same logits in one scan', () => {
    expectParity(scanStreams(model, golden('in.x'), ROWS), golden('out.logits'));
  });

  // The shift of a mixing after row t is its own input at row t, and so the whole input of the twins.
  it('its slow twins, in float64, lead from the input of one mixing to the input of the next', () => {
    const shifts = golden('state.shift');
    const inputOf = (mixing: number): Float64Array =>
      Float64Array.from({ length: ROWS * D }, (_, at) => {
        const t = Math.floor(at / D);
        return shifts[(t * LAYERS * 2 + mixing) * D + (at % D)]!;
      });
    const normed = (x: Float64Array, name: string): Float64Array => {
      const { weight, bias } = readNorm(weights, name, D);
      return x.map((value, at) => {
        const row = x.subarray(at - (at % D), at - (at % D) + D);
        const mean = row.reduce((a, b) => a + b) / D;
        const variance = row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / D;
        return ((value - mean) / Math.sqrt(variance + 1e-5)) * weight[at % D]! + bias[at % D]!;
      });
    };
    const config = configs[0]!;
    let x = normed(golden('in.x'), 'blocks.0.ln0');
    const mixed = naiveRwkv7(weights, 'blocks.0.att.', config, inputOf(0), ROWS); // [y | v_first]
    x = x.map((value, at) => value + mixed[Math.floor(at / D) * 2 * D + (at % D)]!);
    expect(relativeError(normed(x, 'blocks.0.ln2'), inputOf(1))).toBeLessThanOrEqual(1e-11);
    const added = naiveRwkv7ChannelMix(weights, 'blocks.0.ffn.', config, inputOf(1), ROWS);
    x = x.map((value, at) => value + added[at]!);
    expect(relativeError(normed(x, 'blocks.1.ln1'), inputOf(2))).toBeLessThanOrEqual(1e-11);
    const vFirst = Float64Array.from(
      { length: ROWS * D },
      (_, at) => mixed[Math.floor(at / D) * 2 * D + D + (at % D)]!,
    );
    const beside = Float64Array.from({ length: 2 * ROWS * D }, (_, at) => {
      const [t, i] = [Math.floor(at / (2 * D)), at % (2 * D)];
      return i < D ? inputOf(2)[t * D + i]! : vFirst[t * D + i - D]!;
    });
    const second = naiveRwkv7(weights, 'blocks.1.att.', configs[1]!, beside, ROWS);
    x = x.map((value, at) => value + second[at]!);
    expect(relativeError(normed(x, 'blocks.1.ln2'), inputOf(3))).toBeLessThanOrEqual(1e-11);
  });
});
