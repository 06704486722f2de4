// The laws of what a cell may offer beside `step` and `scan`: other forms of the scan (chunked, associative, fft) and steps
// at irregular times. A cell without them keeps these laws by having nothing to break. The rest, and the helpers: laws.ts.

import { assert } from '../base/assert.ts';
import type { Cell } from './cell.ts';
import { closeTo, noiseRows, type Sample, sameBits, sameState, started, stepRows } from './laws.ts';
import type { State } from './state.ts';

/** No form may declare more: a float32 cell differs from itself in another order of sums by some 1e-6. */
const RTOL_MAX = 1e-5;
/** Of one row, below, at and above the usual chunks of 16, 32 and 64, and ragged. */
const LENGTHS = [1, 2, 5, 16, 31, 64, 97];

/**
 * Every form equals steps: y within `rtol` of max|y|, every slot of the end state within `rtol` of its own maximum (whole
 * numbers exactly), from a state that has seen rows, for lengths that no chunk divides, and in two calls as in one.
 */
export function forms({ make }: Sample): void {
  const cell = make();
  for (const [name, { rtol, scan }] of Object.entries(cell.forms ?? {})) {
    assert(rtol >= 0 && rtol <= RTOL_MAX, `form ${name} declares an rtol of ${rtol}`);
    for (const past of [0, 23]) {
      for (const rows of LENGTHS) {
        const { dIn, dOut } = cell;
        const x = noiseRows(15 + rows, past + rows, dIn);
        const expected = new Float32Array((past + rows) * dOut);
        const state = started(cell);
        stepRows(cell, state, x, expected, 0, past);
        const whole = copyOf(cell, state);
        const parts = copyOf(cell, state);
        stepRows(cell, state, x, expected, past, past + rows);
        const after = expected.subarray(past * dOut);

        const input = x.slice(past * dIn);
        const y = new Float32Array(rows * dOut).fill(NaN);
        scan(whole, input, y, rows);
        const what = `form ${name}, ${rows} rows after ${past}`;
        assert(sameBits(input, x.subarray(past * dIn)), `${what}: writes its input`);
        assert(closeTo(y, after, rtol), `${what}: y is further from steps than rtol`);
        assertStates(whole, state, rtol, what);

        const cut = Math.ceil(rows / 3);
        y.fill(NaN);
        scan(parts, input.subarray(0, cut * dIn), y, cut);
        if (rows > cut) scan(parts, input.subarray(cut * dIn), y.subarray(cut * dOut), rows - cut);
        assert(closeTo(y, after, rtol), `${what}: y in two calls is further from steps than rtol`);
        assertStates(parts, state, rtol, `${what}, in two calls`);
      }
    }
  }
}

/** A row on time: stepAfter(s, x, y, 1) is step(s, x, y) to the bit. What another dt means, each kind tests itself. */
export function irregular({ make }: Sample): void {
  const cell = make();
  if (!cell.stepAfter) return;
  const rows = 40;
  const x = noiseRows(16, rows, cell.dIn);
  const state = started(cell);
  const other = started(cell);
  const expected = new Float32Array(cell.dOut);
  const y = new Float32Array(cell.dOut);
  for (let t = 0; t < rows; t++) {
    const row = x.subarray(t * cell.dIn, (t + 1) * cell.dIn);
    cell.step(state, row, expected);
    cell.stepAfter(other, row, y, 1);
    assert(sameBits(y, expected), `row ${t}: stepAfter(1) differs from step`);
    assert(sameState(other, state), `row ${t}: stepAfter(1) leaves another state than step`);
  }
}

function copyOf(cell: Cell, state: State): State {
  const copy = started(cell);
  copy.bytes.set(state.bytes);
  return copy;
}

function assertStates(actual: State, expected: State, rtol: number, what: string): void {
  for (const [slot, view] of Object.entries(expected.at)) {
    const found = actual.at[slot]!;
    const equal = view instanceof Uint32Array ? sameBits(found, view) : closeTo(found, view, rtol);
    assert(equal, `${what}: slot ${slot} of the end state is further from steps than rtol`);
  }
}
