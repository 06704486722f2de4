import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { s4dDiscretise } from '../../kernel/plain/s4d-discretise.ts';
import { erf, gelu } from '../../kernel/plain/s4d-gelu.ts';
import { parseSafetensors } from '../../weights/safetensors.ts';
import { closeTo, noiseRows } from '../laws.ts';
import { makeState, stateBytes } from '../state.ts';
import { type S4dConfig, type S4dInit, type S4dParams, s4dCell, s4dInit, s4dParams } from './index.ts';
import { s4dKernel, s4dNaive } from './naive.ts';
import { s4dA } from './params.ts';

function openGolden(method: 'zoh' | 'bilinear') {
  const url = new URL(`../../../test/golden/s4d_${method}/golden.safetensors`, import.meta.url);
  const tensors = parseSafetensors(new Uint8Array(readFileSync(url)));
  const read = (name: string): Float64Array => tensors.get(name)!.data as Float64Array;
  const [H, rows] = tensors.get('in.u')!.shape as [number, number];
  const dState = 2 * read('param.A.re').length;
  const perChannel = (a: Float64Array): Float64Array =>
    Float64Array.from({ length: H * a.length }, (_, i) => a[i % a.length]!);
  const params: S4dParams = {
    dt: read('param.dt'),
    ARe: perChannel(read('param.A.re')),
    AIm: perChannel(read('param.A.im')),
    CRe: Float32Array.from(read('param.C.re')),
    CIm: Float32Array.from(read('param.C.im')),
    D: Float32Array.from(read('param.D')),
  };
  const config: S4dConfig = { dModel: H, dState, method, output: 'none' };
  return { read, H, rows, params, config };
}

const largest = (a: ArrayLike<number>): number => Array.from(a).reduce((most, v) => Math.max(most, Math.abs(v)), 0);

describe.each(['zoh', 'bilinear'] as const)('S4D by %s', (method) => {
  const { read, H, rows, params, config } = openGolden(method);
  const transposed = (a: Float64Array): Float32Array =>
    Float32Array.from({ length: rows * H }, (_, i) => a[(i % H) * rows + Math.floor(i / H)]!);

  it('steps through the golden outputs and states', () => {
    const cell = s4dCell(config, params);
    const state = makeState(cell.layout);
    cell.init(state);
    const x = transposed(read('in.u'));
    const y = new Float32Array(H);
    const [re, im, out] = [read('out.states.re'), read('out.states.im'), read('out.y')];
    const stateScale = Math.max(largest(re), largest(im));
    for (let t = 0; t < rows; t++) {
      cell.step(state, x.subarray(t * H, (t + 1) * H), y);
      for (let h = 0; h < H; h++) expect(Math.abs(y[h]! - out[h * rows + t]!)).toBeLessThan(1e-5 * largest(out));
      for (let i = 0; i < state.at.hRe.length; i++) {
        const at = t * state.at.hRe.length + i;
        expect(Math.abs(state.at.hRe[i]! - re[at]!)).toBeLessThan(1e-5 * stateScale);
        expect(Math.abs(state.at.hIm[i]! - im[at]!)).toBeLessThan(1e-5 * stateScale);
      }
    }
  });

  it('has the golden convolution kernel in its slow twin, and the golden output by convolution', () => {
    const K = read('out.K');
    for (let h = 0; h < H; h++) {
      const kernel = s4dKernel(config, params, h, rows);
      for (let l = 0; l < rows; l++) expect(Math.abs(kernel[l]! - K[h * rows + l]!)).toBeLessThan(1e-6 * largest(K));
    }
    const y = s4dNaive(config, params, transposed(read('in.u')), rows);
    const out = read('out.y');
    for (let i = 0; i < y.length; i++) {
      expect(Math.abs(y[i]! - out[(i % H) * rows + Math.floor(i / H)]!)).toBeLessThan(1e-6 * largest(out));
    }
  });

  it.each(['lin', 'inv', 'legs', 'real'] as const)(
    '%s start: steps equal the convolution with the full mixer',
    (init: S4dInit) => {
      const full: S4dConfig = { dModel: 4, dState: 16, method, output: 'glu' };
      const fresh = s4dParams(s4dInit(init, full, 5), '', full);
      const cell = s4dCell(full, fresh);
      const state = makeState(cell.layout);
      cell.init(state);
      const x = Float32Array.from({ length: 4 * 100 }, (_, i) => ((i * 7919) % 201) / 100 - 1);
      const expected = s4dNaive(full, fresh, x, 100);
      const y = new Float32Array(4);
      for (let t = 0; t < 100; t++) {
        cell.step(state, x.subarray(4 * t, 4 * t + 4), y);
        for (let h = 0; h < 4; h++)
          expect(Math.abs(y[h]! - expected[4 * t + h]!)).toBeLessThan(1e-5 * largest(expected));
      }
    },
  );
});

describe('zero-order hold', () => {
  const at = (dt: number, re: number, im: number) =>
    s4dDiscretise('zoh', Float64Array.of(dt), Float64Array.of(re), Float64Array.of(im));

  it('is a semigroup in time under a held input', () => {
    for (const [d1, d2] of [
      [0.1, 0.25],
      [1e-5, 3],
      [2, 2],
    ] as const) {
      const [first, second, sum] = [at(d1, -0.5, 7), at(d2, -0.5, 7), at(d1 + d2, -0.5, 7)];
      const aRe = first.aRe[0]! * second.aRe[0]! - first.aIm[0]! * second.aIm[0]!;
      const bRe = second.aRe[0]! * first.bRe[0]! - second.aIm[0]! * first.bIm[0]! + second.bRe[0]!;
      expect(Math.abs(aRe - sum.aRe[0]!)).toBeLessThan(1e-13);
      expect(Math.abs(bRe - sum.bRe[0]!)).toBeLessThan(1e-13);
    }
  });

  it('keeps its digits where dt A is tiny, and has the limit dt at A = 0', () => {
    expect(at(1e-9, -0.5, 0).bRe[0]! / 1e-9).toBeCloseTo(1 - 0.25e-9, 15);
    expect([at(0.3, 0, 0).bRe[0], at(0.3, 0, 0).aRe[0]]).toEqual([0.3, 1]);
  });
});

describe('other forms and times', () => {
  const config: S4dConfig = { dModel: 3, dState: 16, method: 'zoh', output: 'none' };
  const params = s4dParams(s4dInit('legs', config, 2), '', config);
  const started = (cell: ReturnType<typeof s4dCell>) => {
    const state = makeState(cell.layout);
    cell.init(state);
    return state;
  };

  it('has the state its README promises: 4 H N bytes', () => {
    expect(stateBytes(s4dCell(config, params).layout)).toBe(4 * 3 * 16);
  });

  it.each(['zoh', 'bilinear'] as const)('%s: the FFT form over several blocks equals steps', (method) => {
    const cell = s4dCell({ ...config, method, output: 'gelu' }, params);
    const rows = 2 * 1024 + 77;
    const x = noiseRows(4, rows, 3);
    const [steps, blocks] = [started(cell), started(cell)];
    const expected = new Float32Array(rows * 3);
    const y = new Float32Array(rows * 3);
    cell.scan!(steps, x, expected, rows);
    cell.forms!.fft!.scan(blocks, x.subarray(0, 3 * 1100), y, 1100);
    cell.forms!.fft!.scan(blocks, x.subarray(3 * 1100), y.subarray(3 * 1100), rows - 1100);
    expect(closeTo(y, expected, 1e-5)).toBe(true);
    expect(closeTo(blocks.at.hRe, steps.at.hRe, 1e-5) && closeTo(blocks.at.hIm, steps.at.hIm, 1e-5)).toBe(true);
  });

  it('a held input over d1, then over d2, is the same as over d1 + d2', () => {
    const cell = s4dCell(config, params);
    const [twice, once] = [started(cell), started(cell)];
    cell.scan!(twice, noiseRows(5, 30, 3), new Float32Array(90), 30);
    once.bytes.set(twice.bytes);
    const y = new Float32Array(3);
    const sum = new Float32Array(3);
    const x = noiseRows(6, 1, 3);
    for (const [d1, d2] of [
      [1, 1],
      [0.25, 1.5],
      [7, 1e-3],
      [40, 300],
    ] as const) {
      cell.stepAfter!(twice, x, y, d1);
      cell.stepAfter!(twice, x, y, d2);
      cell.stepAfter!(once, x, sum, d1 + d2);
      expect(closeTo(y, sum, 1e-5) && closeTo(twice.at.hRe, once.at.hRe, 1e-5)).toBe(true);
    }
  });

  it('the bilinear rule has no stepAfter: it has no such property', () => {
    expect(s4dCell({ ...config, method: 'bilinear' }, params).stepAfter).toBeUndefined();
  });
});

describe('the starts of the S4D paper', () => {
  it('have the published A', () => {
    expect(s4dA('lin', 4)).toEqual({ re: [-0.5, -0.5], im: [0, Math.PI] });
    expect(s4dA('real', 6).re).toEqual([-1, -2, -3]);
    expect(s4dA('inv', 4).im.map((v) => v * Math.PI)).toEqual([12, 4 / 3].map((v) => expect.closeTo(v, 12)));
    expect(s4dA('legs', 16).im.every((v) => v < 0)).toBe(true);
  });

  it('are rejected when the weights do not fit, naming the tensor', () => {
    const config: S4dConfig = { dModel: 2, dState: 8, method: 'zoh', output: 'none' };
    const weights = s4dInit('lin', config, 1);
    expect(() => s4dParams(weights, '', { ...config, output: 'glu' })).toThrow('output_linear.0.weight');
    expect(() => s4dParams(weights, '', { ...config, dState: 4 })).toThrow('kernel.C');
  });
});

describe('gelu', () => {
  it('equals tabulated values of the error function', () => {
    const table = [
      [0.5, 0.5204998778130465],
      [1, 0.8427007929497149],
      [2, 0.9953222650189527],
      [4, 0.9999999845827421],
    ] as const;
    for (const [x, value] of table) {
      expect(erf(x)).toBeCloseTo(value, 14);
      expect(erf(-x)).toBe(-erf(x));
    }
    expect([gelu(0), gelu(100), gelu(-100)]).toEqual([0, 100, -0]);
  });
});
