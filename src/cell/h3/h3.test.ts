import { describe, expect, it } from 'vitest';
import { expectParity, readGolden, relativeError } from '../../../test/helpers/golden.ts';
import { closeTo, noiseRows } from '../laws.ts';
import { makeState, stateBytes } from '../state.ts';
import { type H3Config, type H3Params, h3Cell, h3Params } from './index.ts';
import { h3MixNaive, h3Naive } from './naive.ts';
import { shiftTaps } from './params.ts';
import { sampleH3 } from './sample.ts';

function started(cell: ReturnType<typeof h3Cell>) {
  const state = makeState(cell.layout);
  cell.init(state);
  return state;
}

describe('H3 against the golden rows', () => {
  const golden = readGolden('h3');
  const [D, N, rows] = [4, 16, 32];
  const dt = golden('param.dt');
  const perHead = (name: string, channels: number) =>
    Float64Array.from({ length: channels * (N / 2) }, (_, i) => golden(name)[i % (N / 2)]!);
  /** [D, rows] -> [rows, D]. */
  const byRows = (name: string) =>
    Float64Array.from({ length: rows * D }, (_, i) => golden(name)[(i % D) * rows + Math.floor(i / D)]!);
  // shift_C has 8 taps: the other taps of N = 16 are zero.
  const taps = Float64Array.from({ length: D * N }, (_, i) => {
    const [channel, l] = [Math.floor(i / N), N - 1 - (i % N)];
    return (l < 8 ? golden('param.shift_C')[channel * 8 + l]! : 0) + (l === 0 ? golden('param.shift_D')[channel]! : 0);
  });

  it('has them in its slow twin to float64', () => {
    const config: H3Config = { dModel: D, dState: N, headDim: 1, method: 'zoh' };
    const exact = {
      dt,
      ARe: perHead('param.A.re', D),
      AIm: perHead('param.A.im', D),
      CRe: golden('param.C.re'),
      CIm: golden('param.C.im'),
      D: golden('param.D'),
      shiftTaps: taps,
    };
    const y = h3MixNaive(config, exact, byRows('in.q'), byRows('in.k'), byRows('in.v'), rows);
    expect(relativeError(y, byRows('out.y'))).toBeLessThan(1e-11);
  });

  it('steps through them and convolves them: linear layers that hand q, k and v through', () => {
    // dModel 12: row t is q, k, v of 4 channels each; q_proj and the others pick theirs, channels 4 to 11 are silent.
    const wide = 3 * D;
    const config: H3Config = { dModel: wide, dState: N, headDim: 1, method: 'zoh' };
    const padded = (values: Float64Array, length: number) => Float32Array.from({ length }, (_, i) => values[i] ?? 0);
    const params: H3Params = {
      qkvWeight: new Float32Array(3 * wide * wide).map((_, i) => {
        const [part, channel, from] = [Math.floor(i / wide / wide), Math.floor(i / wide) % wide, i % wide];
        return channel < D && from === part * D + channel ? 1 : 0;
      }),
      qkvBias: new Float32Array(3 * wide),
      shiftTaps: padded(taps, wide * N),
      dt: Float64Array.from({ length: wide }, (_, i) => dt[i] ?? 0.1),
      ARe: perHead('param.A.re', wide),
      AIm: perHead('param.A.im', wide),
      CRe: padded(golden('param.C.re'), (wide * N) / 2),
      CIm: padded(golden('param.C.im'), (wide * N) / 2),
      D: padded(golden('param.D'), wide),
      outWeight: new Float32Array(wide * wide).map((_, i) => (i % (wide + 1) === 0 ? 1 : 0)),
      outBias: new Float32Array(wide),
    };
    const x = Float32Array.from({ length: rows * wide }, (_, i) => {
      const [t, part, channel] = [Math.floor(i / wide), Math.floor((i % wide) / D), i % D];
      return byRows(`in.${'qkv'[part]}`)[t * D + channel]!;
    });
    const cell = h3Cell(config, params);
    for (const scan of [cell.scan!, cell.forms!.fft!.scan]) {
      const y = new Float32Array(rows * wide);
      scan(started(cell), x, y, rows);
      expectParity(
        y.filter((_, i) => i % wide < D),
        byRows('out.y'),
      );
    }
  });
});

describe('h3Cell', () => {
  it('has the state its README promises: 4 D (N - 1) + 4 D d N bytes', () => {
    for (const seed of [1, 2]) {
      const { weights, config } = sampleH3(seed);
      const { layout } = h3Cell(config, h3Params(weights, '', config));
      expect(stateBytes(layout)).toBe(4 * 4 * 7 + 4 * 4 * config.headDim * 8);
    }
  });

  it('reads the shift SSM as upstream steps it: x <- shift(x) + B u, y = C x + D u', () => {
    const [B, C] = [noiseRows(1, 1, 6), noiseRows(2, 1, 6)];
    const taps = shiftTaps(B, C, Float32Array.of(0.3));
    const u = noiseRows(3, 20, 1);
    let x = new Array<number>(6).fill(0);
    for (let t = 0; t < 20; t++) {
      x = [0, ...x.slice(0, 5)].map((v, n) => v + B[n]! * u[t]!);
      const expected = x.reduce((sum, v, n) => sum + C[n]! * v, 0.3 * u[t]!);
      const y = taps.reduce((sum, tap, i) => sum + tap * (u[t - 5 + i] ?? 0), 0);
      expect(y).toBeCloseTo(expected, 6);
    }
  });

  it('folds B into C and gives heads their copies of A and B in turn', () => {
    const { weights, config } = sampleH3(1);
    const { CRe, CIm, ARe } = h3Params(weights, '', config);
    const [B, C] = [weights.get('kernel.kernel.B')!.data, weights.get('kernel.kernel.C')!.data];
    const at = 3 * 4 + 1; // head 3, mode 1: copy 1
    const from = 1 * 4 + 1;
    expect(CRe[at]).toBeCloseTo(C[2 * at]! * B[2 * from]! - C[2 * at + 1]! * B[2 * from + 1]!, 6);
    expect(CIm[at]).toBeCloseTo(C[2 * at]! * B[2 * from + 1]! + C[2 * at + 1]! * B[2 * from]!, 6);
    expect(ARe[at]).toBeCloseTo(-Math.exp(weights.get('kernel.kernel.inv_A_real')!.data[from]!), 12);
  });

  it.each([1, 2])('the FFT form equals steps over several blocks (heads of %i)', (seed) => {
    const { weights, config } = sampleH3(seed);
    const params = h3Params(weights, '', config);
    const cell = h3Cell(config, params);
    const rows = 1024 + 300;
    const x = noiseRows(8, rows, 4);
    const [steps, blocks] = [started(cell), started(cell)];
    const [expected, y] = [new Float32Array(4 * rows), new Float32Array(4 * rows)];
    cell.scan!(steps, x, expected, rows);
    cell.forms!.fft!.scan(blocks, x, y, 5); // fewer rows than taps
    cell.forms!.fft!.scan(blocks, x.subarray(20), y.subarray(20), rows - 5);
    expect(closeTo(y, expected, 1e-5)).toBe(true);
    for (const slot of ['shift', 'hRe', 'hIm'] as const) {
      expect(closeTo(blocks.at[slot], steps.at[slot], 1e-5)).toBe(true);
    }
    expectParity(expected.subarray(0, 600), h3Naive(config, params, x, 150));
  });

  it.each([
    ['a state that is odd', { dState: 7 }, 'ERR_CONFIG_INVALID'],
    ['heads that do not divide', { headDim: 3 }, 'ERR_CONFIG_INVALID'],
    ['copies that do not divide', { copies: 3 }, 'ERR_CONFIG_INVALID'],
    ['an unknown method', { method: 'dss' as 'zoh' }, 'ERR_CONFIG_INVALID'],
    ['a wrong shape', { dState: 6 }, 'ERR_WEIGHTS_SHAPE'],
  ])('refuses %s', (_what, change, code) => {
    const { weights, config } = sampleH3(1);
    expect(() => h3Params(weights, '', { ...config, ...change })).toThrow(expect.objectContaining({ code }));
  });

  it('refuses a missing tensor', () => {
    const { weights, config } = sampleH3(1);
    const rest = new Map([...weights].filter(([name]) => name !== 'ssm_k_D'));
    expect(() => h3Params(rest, '', config)).toThrow(expect.objectContaining({ code: 'ERR_WEIGHTS_MISSING' }));
  });
});
