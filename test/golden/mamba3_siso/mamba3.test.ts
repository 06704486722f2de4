// Mamba-3's recurrence (SISO) against a float64 reference: the slow twin, the kernels by steps and in chunks, outputs and
// every part of the last state. There is no golden of a whole mixer: upstream's kernels run on GPUs only.

import { describe, expect, it } from 'vitest';
import { exp, sigmoid, tanh } from '../../../src/base/math.ts';
import { mamba3Decay, naiveMamba3Core } from '../../../src/cell/mamba3/index.ts';
import { mamba3Rotate, mamba3Turn } from '../../../src/kernel/plain/mamba3-rotate.ts';
import { mamba3Settle, mamba3Step } from '../../../src/kernel/plain/mamba3-step.ts';
import { ssdChunk } from '../../../src/kernel/plain/ssd-chunk.ts';
import { ssdScratch } from '../../../src/kernel/plain/ssd-chunk-head.ts';
import { expectParity, readGolden, relativeError } from '../../helpers/golden.ts';

const [ROWS, H, P, N, S] = [32, 3, 4, 8, 2];
const SIZES = { heads: H, headDim: P, dState: N };
const golden = readGolden('mamba3_siso');
const D = Float32Array.from(golden('param.D'));
const rowsOf = (name: string, width: number) => {
  const values = golden(name);
  return Array.from({ length: ROWS }, (_, t) => values.subarray(t * width, (t + 1) * width));
};
const given = {
  k: rowsOf('in.k', H * N),
  q: rowsOf('in.q', H * N),
  v: rowsOf('in.v', H * P),
  dt: rowsOf('in.dt', H),
  trap: rowsOf('in.trap', H),
  angles: rowsOf('in.angles', H * S),
  A: rowsOf('in.dd_A', H).map((row) => row.map((raw) => mamba3Decay(raw, { decayFrom: 'rational', aFloor: 1e-4 }))),
};

/** What a row gives to the recurrence; `angle` moves on. The golden has angles of its own for every head. */
function rowAt(t: number, angle: Float64Array) {
  const dt = given.dt[t]!;
  const lam = given.trap[t]!.map(sigmoid);
  for (let head = 0; head < H; head++) {
    const speed = given.angles[t]!.subarray(head * S, (head + 1) * S).map((raw) => tanh(raw) * Math.PI);
    mamba3Turn(angle.subarray(head * S, (head + 1) * S), speed, dt.subarray(head, head + 1));
  }
  const rotated = (row: Float64Array): Float32Array => {
    const y = new Float32Array(H * N);
    mamba3Rotate(Float32Array.from(row), new Float32Array(H * N), angle, y, H, H, N);
    return y;
  };
  return {
    decay: dt.map((value, j) => exp(value * given.A[t]![j]!)),
    now: dt.map((value, j) => lam[j]! * value),
    before: dt.map((value, j) => (1 - lam[j]!) * value),
    k: rotated(given.k[t]!),
    q: rotated(given.q[t]!),
    v: Float32Array.from(given.v[t]!),
  };
}

const fresh = () => ({
  h: new Float32Array(H * P * N),
  k: new Float32Array(H * N),
  v: new Float32Array(H * P),
  angle: new Float64Array(H * S),
});

function expectEnd(state: ReturnType<typeof fresh>): void {
  expectParity(state.h, golden('out.state'));
  expectParity(state.k, golden('out.k_state'));
  expectParity(state.v, golden('out.v_state'));
  expect(relativeError(state.angle, golden('out.angle'))).toBeLessThan(1e-11);
}

describe('Mamba-3 against its reference', () => {
  it('the slow twin gives the float64 rows', () => {
    const plain = Object.fromEntries(
      Object.entries(given).map(([name, rows]) => [name, rows.map((row) => [...row])]),
    ) as unknown as Parameters<typeof naiveMamba3Core>[0];
    const y = naiveMamba3Core({ ...plain, D: golden('param.D') }).flat();
    expect(relativeError(y, golden('out.y'))).toBeLessThan(1e-11);
  });

  it('steps give the rows and the last state', () => {
    const state = fresh();
    const y = new Float32Array(ROWS * H * P);
    for (let t = 0; t < ROWS; t++) {
      const { decay, now, before, k, q, v } = rowAt(t, state.angle);
      mamba3Step(state, decay, now, before, k, q, v, D, y.subarray(t * H * P, (t + 1) * H * P), SIZES);
    }
    expectParity(y, golden('out.y'));
    expectEnd(state);
  });

  it.each([1, 4, 7, 16, 32])('chunks of %i rows give the rows and the last state', (chunkRows) => {
    const state = fresh();
    const y = new Float32Array(ROWS * H * P);
    for (let from = 0; from < ROWS; from += chunkRows) {
      const count = Math.min(chunkRows, ROWS - from);
      const rows = Array.from({ length: count }, (_, i) => rowAt(from + i, state.angle));
      const chunk = {
        decay: Float64Array.from(rows.flatMap((row) => [...row.decay])),
        now: Float64Array.from(rows.flatMap((row) => [...row.now])),
        later: Float64Array.from(rows.flatMap((row, i) => [...row.now].map((now, j) => now + (rows[i + 1]?.before[j] ?? 0)))),
        x: Float32Array.from(rows.flatMap((row) => [...row.v])),
        B: Float32Array.from(rows.flatMap((row) => [...row.k])),
        C: Float32Array.from(rows.flatMap((row) => [...row.q])),
        y: y.subarray(from * H * P, (from + count) * H * P),
      };
      const sizes = { ...SIZES, groups: H };
      mamba3Settle(state, rows[0]!.before, SIZES);
      ssdChunk(state.h, D, chunk, count, sizes, ssdScratch(count, sizes));
      state.k.set(rows.at(-1)!.k);
      state.v.set(rows.at(-1)!.v);
    }
    expectParity(y, golden('out.y'));
    expectEnd(state);
  });
});
