import { describe, expect, it } from 'vitest';
import { expectParity, readGolden, relativeError } from '../../../test/helpers/golden.ts';
import { fftWorkspaces } from '../../kernel/plain/fft-convolve.ts';
import { s4Coefficients } from '../../kernel/plain/s4-coefficients.ts';
import { denseRow, denseRowPower, s4Dense } from '../../kernel/plain/s4-dense.ts';
import { s4Taps } from '../../kernel/plain/s4-taps.ts';
import { closeTo, noiseRows } from '../laws.ts';
import { makeState, stateBytes } from '../state.ts';
import { type S4Config, type S4Params, s4Cell, s4Init, s4Params } from './index.ts';
import { s4Discrete, s4Naive } from './naive.ts';

function started(cell: ReturnType<typeof s4Cell>) {
  const state = makeState(cell.layout);
  cell.init(state);
  return state;
}

/** The golden file keeps the whole spectrum, each eigenvector with a phase of its own; the cell one of each pair. */
function openGolden() {
  const read = readGolden('s4');
  const [H, N, rows] = [3, 16, 32];
  type Complex = [number, number];
  const at = (name: string, i: number): Complex => [read(`param.${name}.re`)[i]!, read(`param.${name}.im`)[i]!];
  const times = ([a, b]: Complex, [c, d]: Complex): Complex => [a * c - b * d, a * d + b * c];
  const kept = Array.from({ length: N }, (_, n) => n).filter((n) => at('Lambda', n)[1] < 0);
  const spread = (value: (n: number) => number) =>
    Float64Array.from({ length: H * kept.length }, (_, i) => value(kept[i % kept.length]!));
  const rowsOf = new Float64Array(H * N);
  for (const [k, n] of kept.entries()) {
    const twin = Array.from({ length: N }, (_, m) => m).find(
      (m) => Math.abs(at('Lambda', m)[1] + at('Lambda', n)[1]) < 1e-6,
    )!;
    // Turn the twin's basis vector by the phase f that makes P_twin the conjugate of P_n; C turns by the conjugate of f.
    const [p, q] = [at('P', n), at('P', twin)];
    const norm = q[0] * q[0] + q[1] * q[1];
    const f = times([p[0], -p[1]], [q[0] / norm, -q[1] / norm]);
    for (let h = 0; h < H; h++) {
      const [own, other] = [at('C', h * N + n), times(at('C', h * N + twin), [f[0], -f[1]])];
      // Re(C_n x_n + C_twin conj x_n) = Re((C_n + conj C_twin) x_n), with the cell's factor 2 taken out and put back.
      rowsOf[h * N + k] = own[0] + other[0];
      rowsOf[h * N + N / 2 + k] = -(own[1] - other[1]);
    }
  }
  const params: S4Params = {
    dt: read('param.dt'),
    lambdaRe: spread((n) => at('Lambda', n)[0]),
    lambdaIm: spread((n) => at('Lambda', n)[1]),
    PRe: spread((n) => at('P', n)[0]),
    PIm: spread((n) => at('P', n)[1]),
    BRe: spread((n) => at('B', n)[0]),
    BIm: spread((n) => at('B', n)[1]),
    rows: rowsOf,
    D: new Float32Array(H),
  };
  const config: S4Config = { dModel: H, dState: N, storedRows: 0, output: 'none' };
  /** [H, rows] -> [rows, H]. */
  const byRows = (name: string) =>
    Float64Array.from({ length: rows * H }, (_, i) => read(name)[(i % H) * rows + Math.floor(i / H)]!);
  return { read, H, N, rows, params, config, byRows };
}

describe('S4 against the golden rows', () => {
  const { read, H, N, rows, params, config, byRows } = openGolden();
  const x = Float32Array.from(byRows('in.u'));

  it('has them in its slow twin to float64', () => {
    expect(relativeError(s4Naive(config, params, byRows('in.u'), rows), byRows('out.y'))).toBeLessThan(1e-11);
  });

  it('steps through them in O(N) and convolves them, outputs and states', () => {
    const cell = s4Cell(config, params);
    const states: number[] = [];
    s4Naive(config, params, x, rows, states);
    const state = started(cell);
    const y = new Float32Array(rows * H);
    const seen: number[] = [];
    for (let t = 0; t < rows; t++) {
      cell.step(state, x.subarray(t * H, (t + 1) * H), y.subarray(t * H, (t + 1) * H));
      for (let h = 0; h < H; h++) {
        const part = (view: Float32Array) => view.subarray((h * N) / 2, ((h + 1) * N) / 2);
        seen.push(...part(state.at.hRe), ...part(state.at.hIm));
      }
    }
    expectParity(y, byRows('out.y'));
    expectParity(seen, states);
    const whole = started(cell);
    cell.forms!.fft!.scan(whole, x, y, rows);
    expectParity(y, byRows('out.y'));
    expectParity(whole.at.hRe, state.at.hRe);
  });

  it('has their kernel by Cauchy sums, w = -1 included', () => {
    // The golden kernel perturbs w = -1 and is itself off by 4e-10; the powers of the dense step say what is right.
    const coefficients = s4Coefficients(params);
    for (let h = 0; h < H; h++) {
      const row = params.rows.slice(h * N, (h + 1) * N);
      const dense = s4Dense(coefficients, h);
      const cut = denseRowPower(row, dense, rows);
      const taps = s4Taps(
        params,
        h,
        row.map((v, i) => v - cut[i]!),
        fftWorkspaces()(rows).plan,
      );
      expect(relativeError(taps, read('out.K').slice(h * rows, (h + 1) * rows))).toBeLessThan(1e-9);
      const { B } = s4Discrete(config, params, h);
      let left: Float64Array = row;
      for (let l = 0; l < rows; l++) {
        const expected = left.reduce((sum, v, i) => sum + v * B[i]!, 0);
        expect(Math.abs(taps[l]! - expected)).toBeLessThan(1e-12 * Math.max(...taps.map(Math.abs)));
        left = denseRow(left, dense);
      }
    }
  });
});

describe('s4Cell', () => {
  const config: S4Config = { dModel: 3, dState: 16, storedRows: 0, output: 'glu' };

  it('has the state its README promises: 4 H N bytes', () => {
    expect(stateBytes(s4Cell(config, s4Params(s4Init(config, 1), '', config)).layout)).toBe(4 * 3 * 16);
  });

  it('reads C out of a stored C~ = C (I - A_bar^L)', () => {
    const params = s4Params(s4Init(config, 1), '', config);
    for (const storedRows of [1, 100, 1024]) {
      const weights = s4Init(config, 1);
      const C = weights.get('layer.kernel.C')!;
      const stored = new Float32Array(C.data.length);
      for (let h = 0; h < 3; h++) {
        const row = params.rows.slice(16 * h, 16 * h + 16);
        const cut = denseRowPower(row, s4Dense(s4Coefficients(params), h), storedRows);
        for (let n = 0; n < 8; n++) {
          stored[2 * (8 * h + n)] = (row[n]! - cut[n]!) / 2;
          stored[2 * (8 * h + n) + 1] = -(row[8 + n]! - cut[8 + n]!) / 2;
        }
      }
      weights.set('layer.kernel.C', { shape: C.shape, data: stored });
      // C~ is float32, and I - A_bar^L shrinks slow modes: what is lost in storing it comes back magnified.
      const found = s4Params(weights, '', { ...config, storedRows });
      const x = noiseRows(2, 200, 3);
      const y = s4Naive({ ...config, output: 'none' }, found, x, 200);
      expect(relativeError(y, s4Naive({ ...config, output: 'none' }, params, x, 200))).toBeLessThan(1e-4);
      const trapped = s4Params(weights, '', config); // C~ taken for C
      const wrong = s4Naive({ ...config, output: 'none' }, trapped, x, 200);
      if (storedRows === 1) expect(relativeError(wrong, y)).toBeGreaterThan(0.1);
    }
  });

  it('the step of HiPPO-LegS has eigenvalues (1 - dt n / 2) / (1 + dt n / 2), n = 1 .. N: their sum is the trace', () => {
    const params = s4Params(s4Init(config, 1), '', config);
    const dense = s4Dense(s4Coefficients(params), 0);
    const half = params.dt[0]! / 2;
    const expected = Array.from({ length: 16 }, (_, i) => (1 - half * (i + 1)) / (1 + half * (i + 1)));
    const trace = dense.reduce((sum, v, i) => (i % 17 === 0 ? sum + v : sum), 0);
    expect(trace).toBeCloseTo(
      expected.reduce((a, b) => a + b, 0),
      5,
    );
  });

  it.each(['none', 'gelu', 'glu'] as const)('%s: steps and FFT form equal the twin and each other', (output) => {
    const given: S4Config = { dModel: 4, dState: 32, copies: 2, storedRows: 0, output };
    const params = s4Params(s4Init(given, 5), '', given);
    const cell = s4Cell(given, params);
    const rows = 1024 + 135;
    const x = noiseRows(8, rows, 4);
    const [steps, blocks] = [started(cell), started(cell)];
    const [expected, y] = [new Float32Array(4 * rows), new Float32Array(4 * rows)];
    cell.scan!(steps, x, expected, rows);
    cell.forms!.fft!.scan(blocks, x, y, 71);
    cell.forms!.fft!.scan(blocks, x.subarray(4 * 71), y.subarray(4 * 71), rows - 71);
    expect(closeTo(y, expected, 1e-5)).toBe(true);
    expect(closeTo(blocks.at.hRe, steps.at.hRe, 1e-5) && closeTo(blocks.at.hIm, steps.at.hIm, 1e-5)).toBe(true);
    expectParity(expected.subarray(0, 400), s4Naive(given, params, x, 100));
  });

  it('skips as steps of zero do, short gaps and long', () => {
    const given: S4Config = { ...config, output: 'none' };
    const cell = s4Cell(given, s4Params(s4Init(given, 3), '', given));
    const [skipped, stepped] = [started(cell), started(cell)];
    cell.scan!(skipped, noiseRows(4, 50, 3), new Float32Array(150), 50);
    stepped.bytes.set(skipped.bytes);
    for (const rows of [3, 64, 701]) {
      cell.skip!(skipped, rows);
      cell.scan!(stepped, new Float32Array(3 * rows), new Float32Array(3 * rows), rows);
      expect(closeTo(skipped.at.hRe, stepped.at.hRe, 1e-5)).toBe(true);
    }
    cell.skip!(skipped, 1e12);
    expect(Math.max(...skipped.at.hRe.map(Math.abs), ...skipped.at.hIm.map(Math.abs))).toBe(0);
  });

  it.each([
    ['an odd state', { dState: 7 }, 'ERR_CONFIG_INVALID'],
    ['copies that do not divide', { copies: 2 }, 'ERR_CONFIG_INVALID'],
    ['a negative length', { storedRows: -1 }, 'ERR_CONFIG_INVALID'],
    ['an unknown output', { output: 'relu' as 'gelu' }, 'ERR_CONFIG_INVALID'],
    ['a wrong shape', { dState: 8 }, 'ERR_WEIGHTS_SHAPE'],
  ])('refuses %s', (_what, change, code) => {
    const weights = s4Init(config, 1);
    expect(() => s4Params(weights, '', { ...config, ...change })).toThrow(expect.objectContaining({ code }));
  });

  it('refuses a missing tensor', () => {
    const weights = s4Init(config, 1);
    weights.delete('layer.kernel.P');
    expect(() => s4Params(weights, '', config)).toThrow(expect.objectContaining({ code: 'ERR_WEIGHTS_MISSING' }));
  });
});
