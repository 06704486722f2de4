// The laws again, over every cell kind that has a form on the WebAssembly kernels, and its agreement with the plain cell: a new
// `lower` is tested by existing. Bitwise where the laws are; outputs and states within a bound a signal of the plain cell's.

import { describe, expect, it } from 'vitest';
import type { Cell } from '../../src/cell/cell.ts';
import * as laws from '../../src/cell/laws.ts';
import * as lawsForms from '../../src/cell/laws-forms.ts';
import { lowerCell } from '../../src/cell/lower-cell.ts';
import { makeNearState } from '../../src/cell/near-state.ts';
import type { State } from '../../src/cell/state.ts';
import { doors, heapUsed } from '../helpers/cell-doors.ts';
import { availableSimd } from '../helpers/fenced.ts';

const kinds = doors.filter(([, door]) => door.sampleCell?.(1).lower);
const engines = await availableSimd();

const ROWS = 2_000;
interface Signal {
  readonly at: (noise: number, row: number) => number;
  /** Of the greatest output, and of the greatest value of a slot of the end state: float32 sums against float64 ones. */
  readonly bound: number;
}
const SIGNALS: Readonly<Record<string, Signal>> = {
  noise: { at: (noise) => noise, bound: 2e-5 },
  silence: { at: () => 0, bound: 1e-5 },
  // 1,500 decays in a row, each rounded to 6e-8 of itself.
  'speech, then silence': { at: (noise, row) => (row < 500 ? noise : 0), bound: 5e-5 },
  DC: { at: () => 1, bound: 5e-5 },
  faint: { at: (noise) => 1e-12 * noise, bound: 2e-5 },
  // Under 2^-60 an input counts as 0.
  tiny: { at: (noise) => 1e-30 * noise, bound: 2e-5 },
  // A hundred times the input is a hundred times the rounding of what stands in an exponent; in scores, ten thousand times.
  large: { at: (noise) => 100 * noise, bound: 5e-4 },
};

/**
 * A state of int8 words: where rounding to a step is a matter of the last bit, one of some 10,000 values is a step of 1/127
 * off. How far its words are off is measured where they mean something: cell/attention/lowered.test.ts.
 */
const QUANTISED = 5e-3;
const isQuantised = (cell: Cell): boolean => 'kScale' in cell.layout;

/** What only decays becomes 0 below 1e-24 (flush in simd/lanes.ts): some of them together. */
const FLUSHED = 1e-22;

/** max|a - b| over max|b|; 0 where no two values differ by more than FLUSHED, NaN when either has one. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let worst = 0;
  let scale = 0;
  for (let i = 0; i < b.length; i++) {
    const error = Math.abs(a[i]! - b[i]!);
    worst = error > worst || error !== error ? error : worst;
    scale = Math.max(scale, Math.abs(b[i]!));
  }
  return worst <= FLUSHED ? 0 : worst / scale;
}

function run(cell: Cell, state: State, x: Float32Array): Float32Array {
  const y = new Float32Array(ROWS * cell.dOut);
  cell.init(state);
  if (cell.scan) cell.scan(state, x, y, ROWS);
  else laws.stepRows(cell, state, x, y, 0, ROWS);
  return y;
}

it('there are lowered kinds', () => expect(kinds.length).toBeGreaterThan(0));

describe.each(engines)('$numerics kernels', (simd) => {
  describe.each(kinds)('the lowered %s cell', (_kind, door) => {
    const samples = [1, 2, 3, 4].map((seed) => ({
      make: () => lowerCell(door.sampleCell!(seed), simd),
      ...(door.naiveScan && { naive: (x: Float32Array, rows: number) => door.naiveScan!(seed, x, rows) }),
    }));
    const forAll = (law: (sample: laws.Sample) => void) => () => {
      for (const sample of samples) law(sample);
    };

    it('gives the same bytes for any chunking', forAll(laws.chunking));
    it('sees nothing of the future', forAll(laws.causal));
    it('forgets what lies beyond its context', forAll(laws.forgetting));
    it('keeps streams apart', forAll(laws.isolated));
    it('keeps its state size and allocates nothing', () => laws.constant(samples[0]!, heapUsed));
    it('continues from a snapshot to the bit', forAll(laws.resumable));
    it('stays finite over 100,000 rows', () => laws.finite(samples[0]!, 100_000), 600_000);
    it('agrees with the slow twin', forAll(laws.faithful));
    it('skips in parts as it skips at once', forAll(laws.skippable));
    it('takes a row on time as a step', forAll(lawsForms.irregular));

    it.each(Object.entries(SIGNALS))('agrees with the plain cell: %s', (name, { at: signal, bound }) => {
      for (const [i, { make }] of samples.entries()) {
        const [lowered, plain] = [make(), door.sampleCell!(i + 1)];
        const noise = laws.noiseRows(20, ROWS, plain.dIn);
        const x = noise.map((value, at) => signal(value, Math.floor(at / plain.dIn)));
        const off = isQuantised(plain) ? QUANTISED : bound;
        const [near, far] = [makeNearState(lowered.layout), laws.dirtyState(plain.layout)];
        const y = run(lowered, near.state, x);
        const expected = run(plain, far, x);
        expect(distance(y, expected), `output, seed ${i + 1}`).toBeLessThanOrEqual(off);
        for (const [slot, values] of Object.entries(far.at)) {
          if (isQuantised(plain) && plain.layout[slot]!.dtype === 'u32') continue;
          // The step of a row that counts as nothing: any number will do.
          if (slot.endsWith('Scale') && name === 'tiny') continue;
          expect(distance(near.state.at[slot]!, values), `state ${slot}, seed ${i + 1}`).toBeLessThanOrEqual(bound);
        }
        const away = laws.dirtyState(lowered.layout);
        expect(laws.sameBits(run(lowered, away, x), y), 'a state elsewhere gives other bytes').toBe(true);
        expect(laws.sameState(away, near.state)).toBe(true);
        near.release();
      }
    });
  });
});
