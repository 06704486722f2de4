// The laws every cell kind obeys, as functions that throw when broken. test/laws/laws.test.ts runs them over every
// src/cell/<kind>/index.ts, so a new kind is tested by existing. What an index.ts exports (exactly these names):
//   <kind>Cell(...)               the factory: weights and config in, Cell out
//   sampleCell(seed): Cell        a small instance with random weights (see seeded-random.ts), some 1 us a step
//   naiveScan(seed, x, rows)      the slow float64 twin of sampleCell(seed), from the start state; [rows, dOut]
// A kind that runs elsewhere exports sampleAsyncCell(seed) in place of sampleCell: its laws are in laws-async.ts. Other forms
// of the scan and irregular steps: laws-forms.ts.

import { assert } from '../base/assert.ts';
import type { Cell } from './cell.ts';
import { seededRandom } from './seeded-random.ts';
import { type Layout, makeState, restoreState, type State, stateBytes } from './state.ts';

/** What the laws need of a cell: `make` gives a new object with the same weights each time. */
export interface Sample {
  readonly make: () => Cell;
  readonly naive?: (x: Float32Array, rows: number) => Float64Array;
}

/** Rows of noise in [-1, 1). */
export function noiseRows(seed: number, rows: number, width: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: rows * width }, random);
}

/** A state whose bytes were all 0xff (NaN in every float slot) before `init`, in the middle of a larger buffer. */
export function dirtyState(layout: Layout): State {
  const buffer = new Uint8Array(stateBytes(layout) + 16).fill(0xff).buffer;
  return makeState(layout, buffer, 8);
}

/** Bitwise equality: NaN equals NaN, -0 differs from 0. */
export function sameBits(a: ArrayBufferView, b: ArrayBufferView): boolean {
  const left = new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
  const right = new Uint8Array(b.buffer, b.byteOffset, b.byteLength);
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}

/** Bitwise equality slot by slot; padding between slots does not count. */
export const sameState = (a: State, b: State): boolean =>
  Object.keys(a.at).every((name) => sameBits(a.at[name]!, b.at[name]!));

/** max|a - b| <= tolerance * max|b|. */
export function closeTo(a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number): boolean {
  let scale = 0;
  let worst = 0;
  for (let i = 0; i < b.length; i++) {
    scale = Math.max(scale, Math.abs(b[i]!));
    const error = Math.abs(a[i]! - b[i]!);
    worst = error > worst || error !== error ? error : worst;
  }
  return a.length === b.length && worst <= tolerance * scale;
}

/** The start state, in an arena that was dirty. */
export function started(cell: Cell): State {
  const state = dirtyState(cell.layout);
  cell.init(state);
  return state;
}

/** Rows [from, to) of x [rows, dIn] by steps, into the same rows of y [rows, dOut]. */
export function stepRows(cell: Cell, state: State, x: Float32Array, y: Float32Array, from: number, to: number): void {
  for (let t = from; t < to; t++) {
    const row = x.subarray(t * cell.dIn, (t + 1) * cell.dIn);
    cell.step(state, row, y.subarray(t * cell.dOut, (t + 1) * cell.dOut));
  }
}

function scanRows(cell: Cell, state: State, x: Float32Array, y: Float32Array, from: number, to: number): void {
  const input = x.subarray(from * cell.dIn, to * cell.dIn);
  if (cell.scan) cell.scan(state, input, y.subarray(from * cell.dOut, to * cell.dOut), to - from);
  else stepRows(cell, state, x, y, from, to);
}

/** y of `rows` steps from the start state. */
function stepAll(cell: Cell, x: Float32Array, rows: number): Float32Array {
  const y = new Float32Array(rows * cell.dOut);
  stepRows(cell, started(cell), x, y, 0, rows);
  return y;
}

/** Before all laws: `init` sets every slot, whatever the arena held. */
export function startable({ make }: Sample): void {
  const cell = make();
  const clean = makeState(cell.layout);
  cell.init(clean);
  assert(sameState(started(cell), clean), 'init leaves a part of a dirty arena as it was');
}

/** Law 1: any chunking, by scan or by steps, gives the same bytes (1,000 random splits). */
export function chunking({ make }: Sample): void {
  const cell = make();
  const rows = 48;
  const x = noiseRows(1, rows, cell.dIn);
  const whole = started(cell);
  const expected = new Float32Array(rows * cell.dOut);
  stepRows(cell, whole, x, expected, 0, rows);
  const random = seededRandom(2);
  const y = new Float32Array(rows * cell.dOut);
  for (let split = 0; split < 1000; split++) {
    const state = started(cell);
    for (let from = 0; from < rows; ) {
      const to = Math.min(rows, from + 1 + Math.floor(Math.abs(random()) * 20));
      if (random() < 0) scanRows(cell, state, x, y, from, to);
      else stepRows(cell, state, x, y, from, to);
      from = to;
    }
    if (cell.scanRtol === undefined) {
      assert(sameBits(y, expected) && sameState(state, whole), `split ${split}: scan differs from steps`);
    } else {
      assert(closeTo(y, expected, cell.scanRtol), `split ${split}: scan is further from steps than scanRtol`);
    }
  }
}

/** Law 2a: changing later rows leaves earlier outputs bitwise equal. */
export function causal({ make }: Sample): void {
  const cell = make();
  const rows = 40;
  const x = noiseRows(3, rows, cell.dIn);
  const expected = stepAll(cell, x, rows);
  for (const seen of [1, 7, 20, 39]) {
    const changed = noiseRows(4 + seen, rows, cell.dIn);
    changed.set(x.subarray(0, seen * cell.dIn));
    const y = stepAll(cell, changed, rows);
    const past = seen * cell.dOut;
    assert(sameBits(y.subarray(0, past), expected.subarray(0, past)), `y before row ${seen} sees row ${seen}`);
  }
}

/** Law 2b: beyond a finite contextRows the past is forgotten to the last bit. */
export function forgetting({ make }: Sample): void {
  const cell = make();
  if (cell.contextRows === Infinity) return;
  const past = 2 * cell.contextRows + 3;
  const rows = past + cell.contextRows + 20;
  const x = noiseRows(5, rows, cell.dIn);
  const other = x.slice();
  other.set(noiseRows(6, past, cell.dIn));
  const from = (past + cell.contextRows - 1) * cell.dOut;
  const y = stepAll(cell, x, rows).subarray(from);
  assert(sameBits(y, stepAll(cell, other, rows).subarray(from)), 'y depends on rows beyond contextRows');
}

/** Law 3: two interleaved streams through one cell object equal two runs alone. */
export function isolated({ make }: Sample): void {
  const cell = make();
  const rows = 60;
  const inputs = [noiseRows(7, rows, cell.dIn), noiseRows(8, rows, cell.dIn)];
  const states = [started(cell), started(cell)];
  const outputs = inputs.map(() => new Float32Array(rows * cell.dOut));
  const done = [0, 0];
  const random = seededRandom(9);
  while (done[0]! < rows || done[1]! < rows) {
    const turn = (random() < 0 && done[0]! < rows) || done[1] === rows ? 0 : 1;
    const from = done[turn]!;
    const to = Math.min(rows, from + 1 + Math.floor(Math.abs(random()) * 4));
    const advance = random() < 0 ? scanRows : stepRows;
    advance(cell, states[turn]!, inputs[turn]!, outputs[turn]!, from, to);
    done[turn] = to;
  }
  for (const turn of [0, 1]) {
    const alone = stepAll(make(), inputs[turn]!, rows);
    const equal = cell.scanRtol === undefined ? sameBits(outputs[turn]!, alone) : closeTo(outputs[turn]!, alone, 1e-4);
    assert(equal, 'an interleaved stream differs from the same stream alone');
  }
}

/** Law 4: the layout fixes the bytes, and 10^5 steps keep no memory. `heapUsed` collects garbage, then reads the heap. */
export function constant({ make }: Sample, heapUsed: () => number): void {
  const cell = make();
  const state = started(cell);
  const { bytes } = state;
  const x = noiseRows(10, 64, cell.dIn);
  const rows = Array.from({ length: 64 }, (_, t) => x.subarray(t * cell.dIn, (t + 1) * cell.dIn));
  const y = new Float32Array(cell.dOut);
  const burst = (steps: number): void => {
    for (let t = 0; t < steps; t++) cell.step(state, rows[t % 64]!, y);
  };
  burst(5_000); // lets the compiler finish, whose own memory is not the cell's
  const before = heapUsed();
  burst(100_000);
  const grown = heapUsed() - before;
  assert(grown < 200_000, `10^5 steps kept ${grown} bytes`); // one kept 8-byte number a step would be 800,000
  assert(state.bytes === bytes && bytes.length === stateBytes(cell.layout), 'the state changed its size');
  const made = countTypedArrays(() => burst(100));
  assert(made === 0, `100 steps made ${made} typed arrays or views`);
}

/** How many typed arrays and buffers `work` makes by `new`, subarray or slice. */
function countTypedArrays(work: () => void): number {
  let made = 0;
  const names = ['Float32Array', 'Float64Array', 'Uint32Array', 'Int32Array', 'Uint8Array', 'ArrayBuffer'] as const;
  const scope = globalThis as unknown as Record<string, new (...values: unknown[]) => object>;
  const real = names.map((name) => scope[name]!);
  const shared = Object.getPrototypeOf(Float32Array.prototype) as Record<string, (...values: number[]) => unknown>;
  const { subarray, slice } = shared;
  names.forEach((name, i) => {
    scope[name] = new Proxy(real[i]!, {
      construct(target, values) {
        made++;
        return new target(...values);
      },
    });
  });
  const counted = (method: (...values: number[]) => unknown) =>
    function (this: unknown, ...values: number[]): unknown {
      made++;
      return method.apply(this, values);
    };
  Object.assign(shared, { subarray: counted(subarray!), slice: counted(slice!) });
  try {
    work();
  } finally {
    names.forEach((name, i) => {
      scope[name] = real[i]!;
    });
    Object.assign(shared, { subarray, slice });
  }
  return made;
}

/** Law 5: a snapshot restored into another, dirty arena of another cell object continues to the bit. */
export function resumable({ make }: Sample): void {
  const cell = make();
  const rows = 90;
  const x = noiseRows(11, rows, cell.dIn);
  for (const cut of [0, 1, 13, 50]) {
    const state = started(cell);
    const expected = new Float32Array(rows * cell.dOut);
    stepRows(cell, state, x, expected, 0, cut);
    const snapshot = state.bytes.slice();
    stepRows(cell, state, x, expected, cut, rows);
    const other = make();
    const restored = dirtyState(other.layout);
    restoreState(restored, snapshot);
    const y = expected.slice();
    y.fill(NaN, cut * cell.dOut);
    stepRows(other, restored, x, y, cut, rows);
    assert(sameBits(y, expected) && sameState(restored, state), `a restore at row ${cut} does not continue`);
  }
}

/** Law 6: no NaN and no Infinity after `rows` rows of silence, of DC, of clipped noise. */
export function finite({ make }: Sample, rows: number): void {
  const cell = make();
  const y = new Float32Array(cell.dOut);
  const noise = noiseRows(12, 1024, cell.dIn).map((v) => Math.max(-1, Math.min(1, 3 * v)));
  for (const [signal, x] of Object.entries({ silence: noise.map(() => 0), dc: noise.map(() => 1), noise })) {
    const state = started(cell);
    const inputs = Array.from({ length: 1024 }, (_, t) => x.subarray(t * cell.dIn, (t + 1) * cell.dIn));
    let sum = 0; // NaN and Infinity never leave a sum again
    for (let t = 0; t < rows; t++) {
      cell.step(state, inputs[t & 1023]!, y);
      for (let i = 0; i < y.length; i++) sum += y[i]!;
    }
    assert(Number.isFinite(sum), `${signal}: y is not finite`);
    for (const view of Object.values(state.at)) assert(view.every(Number.isFinite), `${signal}: state is not finite`);
  }
}

/** Law 7: within 1e-5 of max|y| of the slow twin. */
export function faithful({ make, naive }: Sample): void {
  if (!naive) return;
  const cell = make();
  const rows = 120;
  const x = noiseRows(13, rows, cell.dIn);
  assert(closeTo(stepAll(cell, x, rows), naive(x, rows), 1e-5), 'further than 1e-5 of max|y| from the slow twin');
}

/** A gap: skip(0) changes nothing, skip(a) then skip(b) is skip(a + b) within rounding, and nothing breaks. */
export function skippable({ make }: Sample): void {
  const cell = make();
  if (!cell.skip) return;
  const x = noiseRows(14, 40, cell.dIn);
  const after = (skips: readonly number[]): Float32Array => {
    const state = started(cell);
    const y = new Float32Array(40 * cell.dOut);
    stepRows(cell, state, x, y, 0, 20);
    for (const rows of skips) cell.skip?.(state, rows);
    stepRows(cell, state, x, y, 20, 40);
    return y;
  };
  assert(sameBits(after([0]), after([])), 'skip(0) changes the state');
  for (const [a, b] of [
    [1, 1],
    [2, 5],
    [10, 30],
    [1000, 1_000_000],
  ] as const) {
    assert(closeTo(after([a, b]), after([a + b]), 1e-5), `skip(${a}), skip(${b}) differs from skip(${a + b})`);
  }
}
