// Whole checkpoints against what transformers 5.17 made of them: folder -> openModel -> buildTokenModel -> logits, for the
// whole sequence at once, token by token, and mixed. The inputs are token ids, so the embedding is under test too.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../src/cell/cell.ts';
import { makeState } from '../../src/cell/state.ts';
import { buildTokenModel, type TokenModel } from '../../src/model/token-model.ts';
import { openModel } from '../../src/weights/open-model.ts';
import { parseSafetensors } from '../../src/weights/safetensors.ts';
import { readGolden, relativeError } from '../helpers/golden.ts';

const GOLDEN = [
  ...['mamba', 'mamba2_g1', 'mamba2_g2', 'falcon_mamba', 'rwkv', 'recurrent_gemma'],
  ...['llama_gqa', 'mistral_swa', 'jetmoe', 'jamba', 'qwen3_next'],
];
/**
 * Of the largest value. The norm behind Qwen3-Next's delta rule divides by what was read, which may be small in all of a
 * head, and enlarges rounding: upstream's own float32 is 2.8e-5 off its float64 there, ours 4.3e-6.
 */
const toleranceOf = (name: string, precision: string) => (name === 'qwen3_next' && precision === 'f32' ? 2e-4 : 1e-5);
const ROWS = 40;
const PREFILL = 13; // rows that upstream took in one call in its mixed run

const folderOf = (name: string) => fileURLToPath(new URL(`../golden/${name}`, import.meta.url));

const readIds = (name: string): number[] => {
  const file = readFileSync(`${folderOf(name)}/golden.safetensors`);
  return Array.from(parseSafetensors(file).get('input_ids')!.data as BigInt64Array, Number);
};

function embedded(model: TokenModel, ids: readonly number[]): Float32Array {
  const { dModel } = model;
  const x = new Float32Array(ids.length * dModel);
  for (const [t, id] of ids.entries()) model.embed(id, x.subarray(t * dModel, (t + 1) * dModel));
  return x;
}

/** Each sequence of ROWS rows of x from the start state through `cell`, in parts of the given lengths. */
function run(cell: Cell, x: Float32Array, parts: readonly number[]): Float32Array {
  const count = x.length / cell.dIn;
  const output = new Float32Array(count * cell.dOut);
  for (let from = 0; from < count; from += ROWS) {
    const state = makeState(cell.layout);
    cell.init(state);
    let at = from;
    for (const rows of parts) {
      const input = x.subarray(at * cell.dIn, (at + rows) * cell.dIn);
      const y = output.subarray(at * cell.dOut, (at + rows) * cell.dOut);
      if (rows === 1) cell.step(state, input, y);
      else cell.scan!(state, input, y, rows);
      at += rows;
    }
  }
  return output;
}
const singles = (rows: number) => new Array<number>(rows).fill(1);

describe.each(GOLDEN)('%s', (name) => {
  const golden = readGolden(name);
  const ids = readIds(name);
  const open = async () => buildTokenModel(await openModel(folderOf(name)));

  it.each(['f32', 'f64'])('gives the logits of transformers in %s: whole, by steps, mixed', async (precision) => {
    const model = await open();
    const x = embedded(model, ids);
    const expectParity = (actual: Float32Array, expected: Float64Array) =>
      expect(relativeError(actual, expected)).toBeLessThanOrEqual(toleranceOf(name, precision));
    expectParity(run(model.cell, x, [ROWS]), golden(`${precision}/full/logits`));
    expectParity(run(model.cell, x, singles(ROWS)), golden(`${precision}/step/logits`));
    const mixed = run(model.cell, x, [PREFILL, ...singles(ROWS - PREFILL)]);
    expectParity(mixed, golden(`${precision}/mixed/logits`));
  });

  it('gives every hidden state of transformers', async () => {
    const model = await open();
    let rows = embedded(model, ids);
    for (const [i, cell] of model.hidden.entries()) {
      rows = run(cell, rows, [ROWS]);
      const error = relativeError(rows, golden(`f32/full/hidden.${i}`));
      expect(error).toBeLessThanOrEqual(toleranceOf(name, 'f32'));
    }
    expect(() => golden(`f32/full/hidden.${model.hidden.length}`)).toThrow();
  });

  it('accounts for all of its state and most of its work', async () => {
    const model = await open();
    const state = makeState(model.cell.layout);
    expect(model.layers.reduce((sum, { stateBytes }) => sum + stateBytes, 0)).toBe(state.bytes.length);
    const flops = model.layers.reduce((sum, layer) => sum + layer.flops, 0);
    // What the cell counts beside: norms and residuals.
    expect(flops).toBeLessThanOrEqual(model.cell.flops!);
    expect(flops).toBeGreaterThan(0.8 * model.cell.flops!);
  });
});
