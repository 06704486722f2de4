// transformers 5.18 Qwen3NextGatedDeltaNet, two value heads a key head: rows, and the state after every step.

import { describe, expect, it } from 'vitest';
import {
  type GatedDeltaConfig,
  gatedDeltaCell,
  naiveGatedDelta,
  readGatedDeltaQwen3Next,
} from '../../../src/cell/gated-delta/index.ts';
import { makeState } from '../../../src/cell/state.ts';
import { expectParity, readGolden, readGoldenWeights, relativeError } from '../../helpers/golden.ts';

const [BATCH, ROWS, D_MODEL, CHANNELS, K, V] = [2, 40, 24, 44, 6, 5];
const config: GatedDeltaConfig = {
  dModel: D_MODEL,
  keyHeads: 2,
  valueHeads: 4,
  headKDim: K,
  headVDim: V,
  dConv: 4,
  eps: 1e-6,
  allowNegEigval: false,
};
const golden = readGolden('qwen3_next_gated_delta');
const weights = readGoldenWeights('qwen3_next_gated_delta');
const cell = gatedDeltaCell(config, readGatedDeltaQwen3Next(weights, 'linear_attn.', config));
const part = (name: string, b: number) => golden(name).subarray(b * ROWS * D_MODEL, (b + 1) * ROWS * D_MODEL);

/** Upstream keeps [heads, K, V] of a stream; the cell keeps values along rows. */
function recurrent(name: string, stream: number): Float64Array {
  const size = config.valueHeads * K * V;
  const state = golden(name).subarray(stream * size, (stream + 1) * size);
  return state.map((_, n) => state[Math.floor(n / (K * V)) * K * V + (n % K) * V + (Math.floor(n / K) % V)]!);
}
/** Upstream keeps four inputs of a channel, of which it never reads the oldest; we keep three. */
function convolved(name: string, stream: number): Float64Array {
  const size = CHANNELS * 4;
  return golden(name)
    .subarray(stream * size, (stream + 1) * size)
    .filter((_, i) => i % 4 > 0);
}

describe.each(['f32', 'f64'])('against transformers in %s', (precision) => {
  it.each(['scan', 'wy'])('gives the same rows by %s, and the same state at the end', (by) => {
    const run = by === 'scan' ? cell.scan! : cell.forms!.wy!.scan;
    for (let b = 0; b < BATCH; b++) {
      const state = makeState(cell.layout);
      cell.init(state);
      const y = new Float32Array(ROWS * D_MODEL);
      run(state, Float32Array.from(part(`${precision}/full/in`, b)), y, ROWS);
      expectParity(y, part(`${precision}/full/out`, b));
      expectParity(state.at.S, recurrent(`${precision}/full/state.recurrent`, b));
      expectParity(state.at.conv, convolved(`${precision}/full/state.conv`, b));
    }
  });
});

it('holds the same state after every step', () => {
  for (let b = 0; b < BATCH; b++) {
    const state = makeState(cell.layout);
    cell.init(state);
    const x = Float32Array.from(part('f64/full/in', b));
    const out = part('f64/step/out', b);
    const y = new Float32Array(ROWS * D_MODEL);
    for (let t = 0; t < ROWS; t++) {
      const row = [t * D_MODEL, (t + 1) * D_MODEL] as const;
      cell.step(state, x.subarray(...row), y.subarray(...row));
      expectParity(state.at.S, recurrent('f64/step/state.recurrent', t * BATCH + b));
      expectParity(state.at.conv, convolved('f64/step/state.conv', t * BATCH + b));
    }
    expectParity(y, out);
  }
});

it('has a slow twin within 1e-11 of the float64 rows', () => {
  for (let b = 0; b < BATCH; b++) {
    const y = naiveGatedDelta(weights, 'linear_attn.', 'qwen3-next', config, part('f64/full/in', b), ROWS);
    expect(relativeError(y, part('f64/full/out', b))).toBeLessThan(1e-11);
  }
});
