// transformers 5.17 RecurrentGemma: its two recurrent blocks by themselves, rows and the state after every step. The blocks'
// norms, MLPs and the attention layer are not this test's.

import { describe, expect, it } from 'vitest';
import { naiveRgLru, type RgLruConfig, rgLruCell } from '../../../src/cell/rg-lru/index.ts';
import { makeState } from '../../../src/cell/state.ts';
import { expectParity, readGolden, readGoldenWeights, relativeError } from '../../helpers/golden.ts';

const [BATCH, ROWS, D_MODEL, LRU, CONV] = [2, 40, 64, 64, 64 * 3];
const config: RgLruConfig = { dModel: D_MODEL, lruWidth: LRU, heads: 4, dConv: 4 };
const golden = readGolden('recurrent_gemma');
const weights = readGoldenWeights('recurrent_gemma');

describe.each(['model.layers.0.temporal_block', 'model.layers.1.temporal_block'])('%s', (block) => {
  const cell = rgLruCell(weights, `${block}.`, config);

  describe.each(['f32', 'f64'])('in %s', (precision) => {
    const input = golden(`${precision}/full/mod.${block}.in`);
    const output = golden(`${precision}/full/mod.${block}.out`);
    const rowsOf = (b: number) => Float32Array.from(input.subarray(b * ROWS * D_MODEL, (b + 1) * ROWS * D_MODEL));

    it.each(['scan', 'associative'])('gives the same rows by %s, and the same state at the end', (by) => {
      const run = by === 'scan' ? cell.scan! : cell.forms!.associative!.scan;
      const y = new Float32Array(BATCH * ROWS * D_MODEL);
      for (let b = 0; b < BATCH; b++) {
        const state = makeState(cell.layout);
        cell.init(state);
        run(state, rowsOf(b), y.subarray(b * ROWS * D_MODEL, (b + 1) * ROWS * D_MODEL), ROWS);
        const h = golden(`${precision}/full/state.${block}.rg_lru.h`);
        expectParity(state.at.h, h.subarray(b * LRU, (b + 1) * LRU));
        const conv = golden(`${precision}/full/state.${block}.conv`);
        expectParity(state.at.conv, conv.subarray(b * CONV, (b + 1) * CONV));
      }
      expectParity(y, output);
    });

    it('holds the same state after every step', () => {
      const h = golden(`${precision}/step/state.${block}.rg_lru.h`);
      const conv = golden(`${precision}/step/state.${block}.conv`);
      const y = new Float32Array(D_MODEL);
      for (let b = 0; b < BATCH; b++) {
        const state = makeState(cell.layout);
        cell.init(state);
        const x = rowsOf(b);
        for (let t = 0; t < ROWS; t++) {
          cell.step(state, x.subarray(t * D_MODEL, (t + 1) * D_MODEL), y);
          const at = t * BATCH + b;
          expectParity(state.at.h, h.subarray(at * LRU, (at + 1) * LRU));
          expectParity(state.at.conv, conv.subarray(at * CONV, (at + 1) * CONV));
          expectParity(y, output.subarray((b * ROWS + t) * D_MODEL, (b * ROWS + t + 1) * D_MODEL));
        }
      }
    });
  });

  it('has a slow twin within 1e-11 of the float64 rows', () => {
    for (let b = 0; b < BATCH; b++) {
      const part = (name: string) => golden(name).subarray(b * ROWS * D_MODEL, (b + 1) * ROWS * D_MODEL);
      const y = naiveRgLru(weights, `${block}.`, config, part(`f64/full/mod.${block}.in`), ROWS);
      expect(relativeError(y, part(`f64/full/mod.${block}.out`))).toBeLessThan(1e-11);
    }
  });
});
