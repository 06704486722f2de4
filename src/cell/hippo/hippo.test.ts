import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cos, sin } from '../../base/math.ts';
import { hippoExpm } from '../../kernel/plain/hippo-expm.ts';
import { gaussLegendre, legendreRow } from '../../kernel/plain/hippo-legendre.ts';
import { hippoLegs, hippoLegsRankOne } from '../../kernel/plain/hippo-matrices.ts';
import { hippoNormalBasis, projectOntoBasis } from '../../kernel/plain/hippo-normal-basis.ts';
import { parseSafetensors } from '../../weights/safetensors.ts';
import { makeState, type State } from '../state.ts';
import { type HippoCell, type HippoConfig, type HippoLayout, hippoCell } from './index.ts';

const golden = parseSafetensors(
  new Uint8Array(readFileSync(new URL('../../../test/golden/hippo/golden.safetensors', import.meta.url))),
);
const goldenArray = (name: string): number[] => Array.from(golden.get(name)!.data as Float64Array);

function worst(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((most, v, i) => Math.max(most, Math.abs(v - b[i]!)), 0);
}

function started(cell: HippoCell): State<HippoLayout> {
  const state = makeState(cell.layout);
  cell.init(state);
  return state;
}

/** Runs `f(row)` for rows 0 .. rows-1 through a one-channel cell. */
function remember(config: Omit<HippoConfig, 'width'>, rows: number, f: (row: number) => number): State<HippoLayout> {
  const cell = hippoCell({ ...config, width: 1 });
  const state = started(cell);
  const y = new Float32Array(cell.dOut);
  for (let t = 0; t < rows; t++) cell.step(state, Float32Array.of(f(t)), y);
  return state;
}

/** The remembered signal at u in [0, 1], 1 = now. */
function recall(c: Float64Array, u: number): number {
  const basis = new Float64Array(c.length);
  legendreRow(u, c.length, basis);
  return c.reduce((sum, v, n) => sum + v * basis[n]!, 0);
}

const smooth = (row: number): number => sin(row / 31) + 0.5 * cos(row / 67) + 0.2;

describe('the HiPPO matrices', () => {
  it('equal the golden A, B and P', () => {
    const { A, B } = hippoLegs(16);
    expect(worst(A, goldenArray('out.A'))).toBeLessThan(1e-12);
    expect(worst(B, goldenArray('out.B'))).toBeLessThan(1e-12);
    expect(worst(hippoLegsRankOne(16), goldenArray('out.P'))).toBeLessThan(1e-12);
  });

  it('have the golden Lambda in their normal part, found by Jacobi rotations', () => {
    const { imag } = hippoNormalBasis(16);
    const both = [...imag, ...imag.map((v) => -v)].sort((a, b) => a - b);
    expect(worst(both, goldenArray('out.Lambda_imag_sorted'))).toBeLessThan(1e-10);
  });

  it('have a normal part whose B keeps its length and its kernel: 2 Re sum |B|^2 e^(Lambda t) = B^T e^(S t) B', () => {
    const order = 16;
    const basis = hippoNormalBasis(order);
    const { A, B } = hippoLegs(order);
    const [bRe, bIm] = projectOntoBasis(basis, B);
    const P = hippoLegsRankOne(order);
    const normal = A.map((a, i) => a + P[Math.floor(i / order)]! * P[i % order]!);
    for (const time of [0, 0.1, 0.37]) {
      const map = hippoExpm(normal, order, time);
      const dense = B.reduce((sum, b, n) => sum + b * B.reduce((row, v, k) => row + map[n * order + k]! * v, 0), 0);
      const decay = hippoExpm(Float64Array.of(-0.5), 1, time)[0]!;
      const diagonal = basis.imag.reduce(
        (sum, w, n) => sum + 2 * decay * cos(w * time) * (bRe[n]! ** 2 + bIm[n]! ** 2),
        0,
      );
      expect(Math.abs(diagonal - dense)).toBeLessThan(1e-9 * 256);
    }
  });
});

describe('quadrature and exponential', () => {
  it('keeps the basis orthonormal', () => {
    const order = 24;
    const { nodes, weights } = gaussLegendre(order);
    const row = new Float64Array(order);
    const gram = new Float64Array(order * order);
    nodes.forEach((node, i) => {
      legendreRow(node, order, row);
      for (let n = 0; n < order; n++)
        for (let k = 0; k < order; k++) gram[n * order + k]! += weights[i]! * row[n]! * row[k]!;
    });
    expect(
      worst(
        gram,
        gram.map((_, i) => (i % (order + 1) === 0 ? 1 : 0)),
      ),
    ).toBeLessThan(1e-12);
  });

  it('turns a generator of rotation into sine and cosine', () => {
    const turn = hippoExpm(Float64Array.of(0, -1, 1, 0), 2, 20);
    expect(worst(turn, [cos(20), -sin(20), sin(20), cos(20)])).toBeLessThan(1e-12);
  });
});

describe('the HiPPO memory', () => {
  it('recalls the last window of a smooth signal from 24 LegT coefficients', () => {
    const window = 200;
    const { c } = remember({ measure: 'legt', order: 24, windowRows: window }, 1000, smooth).at;
    // Held input: at u the signal is half a row older. The edge of the window (u < 0.02) rings and is left out.
    for (let u = 0.02; u <= 1; u += 0.02) {
      expect(Math.abs(recall(c, u) - smooth(999 + 0.5 - (1 - u) * window))).toBeLessThan(0.02);
    }
  });

  it('recalls the whole past from 48 LegS coefficients, whatever its length', () => {
    for (const rows of [300, 900]) {
      const { c } = remember({ measure: 'legs', order: 48 }, rows, smooth).at;
      for (let u = 0.02; u <= 0.99; u += 0.02) {
        expect(Math.abs(recall(c, u) - smooth(u * rows - 0.5))).toBeLessThan(0.03);
      }
    }
  });

  it('holds the closed form of a ramp: c of f(t) = t tends to (1/2, 1/(2 sqrt 3), 0, ..) times t', () => {
    const { c } = remember({ measure: 'legs', order: 6 }, 20_000, (row) => row + 0.5).at;
    expect(
      worst(
        Array.from(c, (v) => v / 20_000),
        [0.5, 0.5 / Math.sqrt(3), 0, 0, 0, 0],
      ),
    ).toBeLessThan(1e-4);
  });

  it.each(['legt', 'legs'] as const)('%s keeps a constant exactly where it is', (measure) => {
    const { c } = remember({ measure, order: 8, windowRows: 50 }, 500, () => 3).at;
    expect(worst(c, [3, 0, 0, 0, 0, 0, 0, 0])).toBeLessThan(1e-12);
  });

  it.each(['legt', 'legs'] as const)(
    '%s: a step of d1 and a step of d2 under one input equal a step of d1 + d2',
    (measure) => {
      const cell = hippoCell({ measure, width: 1, order: 12, windowRows: 60 });
      const y = new Float32Array(cell.dOut);
      for (const [d1, d2] of [
        [1, 1],
        [0.25, 0.5],
        [2.5, 13.0625],
        [100, 900],
      ] as const) {
        const [once, twice] = [started(cell), started(cell)];
        for (const state of [once, twice]) for (let t = 0; t < 80; t++) cell.step(state, Float32Array.of(smooth(t)), y);
        cell.stepAfter(twice, Float32Array.of(2), y, d1);
        cell.stepAfter(twice, Float32Array.of(2), y, d2);
        cell.stepAfter(once, Float32Array.of(2), y, d1 + d2);
        expect(worst(once.at.c, twice.at.c)).toBeLessThan(1e-9);
      }
    },
  );

  it('takes a missing value as the last one held, and a skip likewise', () => {
    const cell = hippoCell({ measure: 'legt', width: 2, order: 6, windowRows: 20 });
    const [missing, held] = [started(cell), started(cell)];
    const y = new Float32Array(cell.dOut);
    for (const [state, value] of [
      [missing, NaN],
      [held, 5],
    ] as const) {
      cell.step(state, Float32Array.of(NaN, 5), y);
      expect(Array.from(y.subarray(0, 6))).toEqual([0, 0, 0, 0, 0, 0]); // nothing seen yet
      cell.step(state, Float32Array.of(1, 4), y);
      cell.step(state, Float32Array.of(2, 5), y);
      cell.step(state, Float32Array.of(3, value), y);
    }
    expect(missing.bytes).toEqual(held.bytes);
    cell.skip!(missing, 3);
    for (let i = 0; i < 3; i++) cell.step(held, Float32Array.of(NaN, NaN), y);
    expect(worst(missing.at.c, held.at.c)).toBeLessThan(1e-12);
  });

  it('needs float64: at an offset of 1e5 a float32 state blurs what float64 keeps', () => {
    const order = 24;
    const cell = hippoCell({ measure: 'legt', width: 1, order, windowRows: 200 });
    const [plain, offset, rounded] = [started(cell), started(cell), started(cell)];
    const y = new Float32Array(cell.dOut);
    for (let t = 0; t < 3000; t++) {
      const value = Math.round(smooth(t) * 128) / 128; // exact in float32 on both levels
      cell.step(plain, Float32Array.of(value), y);
      cell.step(offset, Float32Array.of(1e5 + value), y);
      cell.step(rounded, Float32Array.of(1e5 + value), y);
      rounded.at.c.set(Float32Array.from(rounded.at.c));
    }
    const without = (state: State<HippoLayout>) => state.at.c.map((v, n) => (n === 0 ? v - 1e5 : v));
    expect(worst(without(offset), plain.at.c)).toBeLessThan(1e-8);
    expect(worst(without(rounded), plain.at.c)).toBeGreaterThan(1e-3);
  });
});
