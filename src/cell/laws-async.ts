// The laws of laws.ts that apply to a cell whose arithmetic runs elsewhere (AsyncCell: one `run` per row).
// Chunking has no meaning without `scan`, and the runtime's own memory is not ours to count; the rest holds as it does
// for every cell.

import { assert } from '../base/assert.ts';
import type { AsyncCell } from './cell.ts';
import { dirtyState, noiseRows, sameBits, sameState } from './laws.ts';
import { restoreState, type State, stateBytes } from './state.ts';

/** `make` gives a new object with the same weights each time. */
export interface AsyncSample {
  readonly make: () => AsyncCell | Promise<AsyncCell>;
}

function started(cell: AsyncCell): State {
  const state = dirtyState(cell.layout);
  cell.init(state);
  return state;
}

async function runRows(
  cell: AsyncCell,
  state: State,
  x: Float32Array,
  y: Float32Array,
  from: number,
  to: number,
): Promise<void> {
  for (let t = from; t < to; t++) {
    const row = x.subarray(t * cell.dIn, (t + 1) * cell.dIn);
    await cell.run(state, row, y.subarray(t * cell.dOut, (t + 1) * cell.dOut));
  }
}

async function runAll(cell: AsyncCell, x: Float32Array, rows: number): Promise<Float32Array> {
  const y = new Float32Array(rows * cell.dOut);
  await runRows(cell, started(cell), x, y, 0, rows);
  return y;
}

/** Law 2a: changing later rows leaves earlier outputs bitwise equal. */
export async function causalAsync({ make }: AsyncSample): Promise<void> {
  const cell = await make();
  const rows = 24;
  const x = noiseRows(3, rows, cell.dIn);
  const expected = await runAll(cell, x, rows);
  for (const seen of [1, 7, 20]) {
    const changed = noiseRows(4 + seen, rows, cell.dIn);
    changed.set(x.subarray(0, seen * cell.dIn));
    const y = await runAll(cell, changed, rows);
    const past = seen * cell.dOut;
    assert(sameBits(y.subarray(0, past), expected.subarray(0, past)), `y before row ${seen} sees row ${seen}`);
  }
}

/** Law 3: streams that run at the same time through one cell object equal runs alone. */
export async function isolatedAsync({ make }: AsyncSample): Promise<void> {
  const cell = await make();
  const rows = 30;
  const inputs = [7, 8, 9].map((seed) => noiseRows(seed, rows, cell.dIn));
  const together = await Promise.all(inputs.map((x) => runAll(cell, x, rows)));
  for (const [i, x] of inputs.entries()) {
    const alone = await runAll(await make(), x, rows);
    assert(sameBits(together[i]!, alone), 'a stream beside others differs from the same stream alone');
  }
}

/** Law 5 and the size half of law 4: a snapshot restored into a dirty arena continues to the bit. */
export async function resumableAsync({ make }: AsyncSample): Promise<void> {
  const cell = await make();
  const rows = 30;
  const x = noiseRows(11, rows, cell.dIn);
  for (const cut of [0, 1, 13]) {
    const state = started(cell);
    const { bytes } = state;
    const expected = new Float32Array(rows * cell.dOut);
    await runRows(cell, state, x, expected, 0, cut);
    const snapshot = state.bytes.slice();
    await runRows(cell, state, x, expected, cut, rows);
    assert(state.bytes === bytes && bytes.length === stateBytes(cell.layout), 'the state changed its size');
    const other = await make();
    const restored = dirtyState(other.layout);
    restoreState(restored, snapshot);
    const y = expected.slice();
    y.fill(NaN, cut * cell.dOut);
    await runRows(other, restored, x, y, cut, rows);
    assert(sameBits(y, expected) && sameState(restored, state), `a restore at row ${cut} does not continue`);
  }
}

/** Law 6: no NaN and no Infinity after `rows` rows of silence, of DC, of clipped noise. */
export async function finiteAsync({ make }: AsyncSample, rows: number): Promise<void> {
  const cell = await make();
  const noise = noiseRows(12, rows, cell.dIn).map((v) => Math.max(-1, Math.min(1, 3 * v)));
  for (const [signal, x] of Object.entries({ silence: noise.map(() => 0), dc: noise.map(() => 1), noise })) {
    const state = started(cell);
    const y = new Float32Array(rows * cell.dOut);
    await runRows(cell, state, x, y, 0, rows);
    assert(y.every(Number.isFinite), `${signal}: y is not finite`);
    for (const view of Object.values(state.at)) assert(view.every(Number.isFinite), `${signal}: state is not finite`);
  }
}
