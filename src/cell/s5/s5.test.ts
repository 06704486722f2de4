import { describe, expect, it } from 'vitest';
import { expectParity, readGolden, relativeError } from '../../../test/helpers/golden.ts';
import { s4dDiscretise } from '../../kernel/plain/s4d-discretise.ts';
import { s5Associative } from '../../kernel/plain/s5-associative.ts';
import { closeTo, noiseRows } from '../laws.ts';
import { makeState, stateBytes } from '../state.ts';
import { type S5Config, type S5Params, s5Cell, s5Init, s5Params } from './index.ts';
import { s5Naive, s5SsmNaive } from './naive.ts';

const golden = readGolden('s5');
const rows = 32;
const bare: S5Config = { dModel: 4, modes: 6, conjSym: true, method: 'zoh', output: 'none' };
const exact = {
  lambdaRe: golden('param.Lambda.re'),
  lambdaIm: golden('param.Lambda.im'),
  step: golden('param.step'),
  BRe: golden('param.B.re'),
  BIm: golden('param.B.im'),
  CRe: golden('param.C.re'),
  CIm: golden('param.C.im'),
  D: golden('param.D'),
};
const rounded: S5Params = {
  ...exact,
  BRe: Float32Array.from(exact.BRe),
  BIm: Float32Array.from(exact.BIm),
  CRe: Float32Array.from(exact.CRe),
  CIm: Float32Array.from(exact.CIm),
  D: Float32Array.from(exact.D),
};
const gaps = golden('in.gaps');
const x = Float32Array.from(golden('in.u'));

function started(cell: ReturnType<typeof s5Cell>) {
  const state = makeState(cell.layout);
  cell.init(state);
  return state;
}

describe('S5 against the golden rows, which come at irregular times', () => {
  it('steps through them', () => {
    const cell = s5Cell(bare, rounded);
    const state = started(cell);
    const y = new Float32Array(rows * 4);
    for (let t = 0; t < rows; t++) {
      cell.stepAfter!(state, x.subarray(4 * t, 4 * t + 4), y.subarray(4 * t, 4 * t + 4), gaps[t]!);
    }
    expectParity(y, golden('out.y'));
  });

  it('has them in its slow twin to float64', () => {
    expect(relativeError(s5SsmNaive(bare, exact, golden('in.u'), rows, gaps), golden('out.y'))).toBeLessThan(1e-11);
  });

  it('has their states in the associative scan, whose a differs row by row', () => {
    const cell = s5Cell(bare, rounded);
    const state = started(cell);
    const [aRe, aIm, bRe, bIm] = [0, 1, 2, 3].map(() => new Float64Array(rows * 6)) as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    const hRe: number[] = [];
    for (let t = 0; t < rows; t++) {
      const at = s4dDiscretise('zoh', exact.step, exact.lambdaRe, exact.lambdaIm, gaps[t]!);
      for (let p = 0; p < 6; p++) {
        const u = x.subarray(4 * t, 4 * t + 4);
        const re = u.reduce((sum, v, k) => sum + rounded.BRe[4 * p + k]! * v, 0);
        const im = u.reduce((sum, v, k) => sum + rounded.BIm[4 * p + k]! * v, 0);
        [aRe[6 * t + p], aIm[6 * t + p]] = [at.aRe[p]!, at.aIm[p]!];
        bRe[6 * t + p] = at.bRe[p]! * re - at.bIm[p]! * im;
        bIm[6 * t + p] = at.bRe[p]! * im + at.bIm[p]! * re;
      }
      cell.stepAfter!(state, x.subarray(4 * t, 4 * t + 4), new Float32Array(4), gaps[t]!);
      hRe.push(...state.at.hRe);
    }
    s5Associative(aRe, aIm, bRe, bIm, new Float32Array(6), new Float32Array(6), rows);
    expectParity(hRe, bRe);
  });
});

describe('s5Cell', () => {
  it('has the state its README promises: 8 P bytes', () => {
    expect(stateBytes(s5Cell(bare, rounded).layout)).toBe(8 * 6);
  });

  it.each(['none', 'gelu', 'half_glu1', 'half_glu2', 'full_glu'] as const)('%s equals its twin', (output) => {
    for (const method of ['zoh', 'bilinear'] as const) {
      const config: S5Config = { dModel: 5, modes: 8, conjSym: true, method, output };
      const params = s5Params(s5Init(config, 2, 3), '', config);
      const cell = s5Cell(config, params);
      const input = noiseRows(2, 40, 5);
      const y = new Float32Array(200);
      cell.scan!(started(cell), input, y, 40);
      expectParity(y, s5Naive(config, params, input, 40));
    }
  });

  it('without conjugate symmetry it reads Re(C h) once', () => {
    const full = s5Cell({ ...bare, conjSym: false }, { ...rounded, D: new Float32Array(4) });
    const half = s5Cell(bare, { ...rounded, D: new Float32Array(4) });
    const [y, twice] = [new Float32Array(4), new Float32Array(4)];
    full.step(started(full), x.subarray(0, 4), y);
    half.step(started(half), x.subarray(0, 4), twice);
    expect([...twice]).toEqual([...y].map((v) => 2 * v));
  });

  it('a held input over d1, then over d2, is the same as over d1 + d2', () => {
    const cell = s5Cell(bare, rounded);
    const [twice, once] = [started(cell), started(cell)];
    const [y, sum] = [new Float32Array(4), new Float32Array(4)];
    for (const [d1, d2] of [
      [1, 1],
      [0.25, 1.5],
      [7, 1e-3],
      [40, 300],
    ] as const) {
      const u = noiseRows(Math.round(d2), 1, 4);
      cell.stepAfter!(twice, u, y, d1);
      cell.stepAfter!(twice, u, y, d2);
      cell.stepAfter!(once, u, sum, d1 + d2);
      expect(closeTo(y, sum, 1e-5) && closeTo(twice.at.hRe, once.at.hRe, 1e-5)).toBe(true);
    }
  });

  it('the associative form equals steps over several chunks and a ragged tail, from a carried state', () => {
    const config: S5Config = { dModel: 3, modes: 8, conjSym: true, method: 'zoh', output: 'half_glu1' };
    const cell = s5Cell(config, s5Params(s5Init(config, 1, 9), '', config));
    const input = noiseRows(8, 700, 3);
    const [steps, tree] = [started(cell), started(cell)];
    const [expected, y] = [new Float32Array(2100), new Float32Array(2100)];
    cell.scan!(steps, input, expected, 700);
    cell.forms!.associative!.scan(tree, input, y, 77);
    cell.forms!.associative!.scan(tree, input.subarray(231), y.subarray(231), 623);
    expect(closeTo(y, expected, 1e-5)).toBe(true);
    expect(closeTo(tree.at.hRe, steps.at.hRe, 1e-5) && closeTo(tree.at.hIm, steps.at.hIm, 1e-5)).toBe(true);
  });

  it('clips eigenvalues that would grow, unless told not to', () => {
    const weights = s5Init(bare, 1, 1);
    weights.set('seq.Lambda_re', { shape: [6], data: new Float32Array(6).fill(0.2) });
    expect(s5Params(weights, '', bare).lambdaRe[0]).toBe(-1e-4);
    expect(s5Params(weights, '', { ...bare, clipEigs: false }).lambdaRe[0]).toBeCloseTo(0.2, 7);
    const slow = s5Params(weights, '', { ...bare, stepRescale: 2 });
    expect(slow.step[0]! / s5Params(weights, '', bare).step[0]!).toBe(2);
  });

  it.each([
    ['no modes', { modes: 0 }, 'ERR_CONFIG_INVALID'],
    ['half a channel', { dModel: 1.5 }, 'ERR_CONFIG_INVALID'],
    ['a step scale of zero', { stepRescale: 0 }, 'ERR_CONFIG_INVALID'],
    ['an unknown output', { output: 'relu' as 'gelu' }, 'ERR_CONFIG_INVALID'],
    ['a wrong shape', { modes: 5 }, 'ERR_WEIGHTS_SHAPE'],
  ])('refuses %s', (_what, change, code) => {
    const weights = s5Init(bare, 1, 1);
    expect(() => s5Params(weights, '', { ...bare, ...change })).toThrow(expect.objectContaining({ code }));
  });

  it('refuses a missing tensor', () => {
    const weights = s5Init(bare, 1, 1);
    weights.delete('seq.log_step');
    expect(() => s5Params(weights, '', bare)).toThrow(expect.objectContaining({ code: 'ERR_WEIGHTS_MISSING' }));
    expect(() => s5Init(bare, 4, 1)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }));
  });
});
