import { describe, expect, it } from 'vitest';
import { expectParity, readGolden, relativeError } from '../../../test/helpers/golden.ts';
import { blockSize } from '../../kernel/plain/hyena-online.ts';
import { closeTo, noiseRows, sameBits } from '../laws.ts';
import { makeState, stateBytes } from '../state.ts';
import { type HyenaConfig, type HyenaParams, hyenaCell, hyenaParams } from './index.ts';
import { hyenaNaive, windowedConvolution } from './naive.ts';
import { randomHyena, sampleHyena } from './sample.ts';

function started(cell: ReturnType<typeof hyenaCell>) {
  const state = makeState(cell.layout);
  cell.init(state);
  return state;
}

function make(change: Partial<HyenaConfig>, seed = 1) {
  const config: HyenaConfig = { ...sampleHyena(1).config, ...change };
  const params = hyenaParams(randomHyena(config, seed), '', config);
  return { config, params, cell: hyenaCell(config, params) };
}

describe('Hyena against the golden rows', () => {
  const golden = readGolden('hyena');
  const [D, rows] = [4, 32];
  const channel = (name: string, d: number) => golden(name).slice(d * rows, (d + 1) * rows);
  const byRows = Float64Array.from({ length: rows * D }, (_, i) => channel('out.y', i % D)[Math.floor(i / D)]!);

  it('has them in its slow twin to float64', () => {
    for (let d = 0; d < D; d++) {
      const input = channel('in.v', d).map((v, t) => v * channel('in.x1', d)[t]!);
      const y = windowedConvolution(channel('param.filter', d), golden('param.bias')[d]!, input);
      const x0 = channel('in.x0', d);
      expect(
        relativeError(
          y.map((v, t) => v * x0[t]!),
          channel('out.y', d),
        ),
      ).toBeLessThan(1e-11);
    }
  });

  it('steps through them and convolves them: linear layers that hand x0, x1 and v through', () => {
    // dModel 12: row t is x0, x1, v of 4 channels each, and channels 4 to 11 of every projection are silent.
    const wide = 3 * D;
    const config: HyenaConfig = { ...sampleHyena(1).config, dModel: wide, order: 2, lMax: rows };
    const params: HyenaParams = {
      inWeight: new Float32Array(3 * wide * wide).map((_, i) => {
        const [part, c, from] = [Math.floor(i / wide / wide), Math.floor(i / wide) % wide, i % wide];
        return c < D && from === part * D + c ? 1 : 0;
      }),
      inBias: new Float32Array(3 * wide),
      shortWeight: new Float32Array(9 * wide).map((_, i) => (i % 3 === 2 ? 1 : 0)),
      shortBias: new Float32Array(3 * wide),
      taps: Float64Array.from({ length: wide * rows }, (_, i) => golden('param.filter')[i] ?? 0),
      filterBias: Float64Array.from({ length: wide }, (_, d) => golden('param.bias')[d] ?? 0),
      outWeight: new Float32Array(wide * wide).map((_, i) => (i % (wide + 1) === 0 ? 1 : 0)),
      outBias: new Float32Array(wide),
    };
    const cell = hyenaCell(config, params);
    const x = Float32Array.from({ length: rows * wide }, (_, i) => {
      const [t, part, d] = [Math.floor(i / wide), Math.floor((i % wide) / D), i % D];
      return channel(['in.x0', 'in.x1', 'in.v'][part]!, d)[t]!;
    });
    for (const scan of [cell.scan!, cell.forms!.fft!.scan]) {
      const y = new Float32Array(rows * wide);
      scan(started(cell), x, y, rows);
      expectParity(
        y.filter((_, i) => i % wide < D),
        byRows,
      );
    }
  });
});

describe('the online convolution', () => {
  it('takes blocks of lowbit(n), at most the window', () => {
    expect([1, 2, 3, 4, 6, 8, 12, 16].map((n) => blockSize(n, 8))).toEqual([1, 2, 1, 4, 2, 8, 4, 8]);
  });

  it.each([
    [1, 2],
    [2, 2],
    [12, 3],
    [45, 2],
    [64, 3],
    [100, 2],
    [100, 4],
  ])('l_max %i, order %i: equals the sums, within l_max and long past it', (lMax, order) => {
    const { config, params, cell } = make({ lMax, order });
    const rows = 3 * lMax + 90;
    const x = noiseRows(lMax, rows, 2);
    const y = new Float32Array(2 * rows);
    cell.scan!(started(cell), x, y, rows);
    expectParity(y, hyenaNaive(config, params, x, rows));
  });

  it('forgets: past l_max a row is seen through the last l_max taps only', () => {
    const { cell } = make({ lMax: 45, order: 2 });
    const rows = 300;
    const x = noiseRows(3, rows, 2);
    const other = x.slice();
    other.set(noiseRows(4, 150, 2));
    const [y, z] = [new Float32Array(2 * rows), new Float32Array(2 * rows)];
    cell.scan!(started(cell), x, y, rows);
    cell.scan!(started(cell), other, z, rows);
    const reach = 150 + 44 + 2; // the window's 44 rows back, the short filter's 2
    expect(closeTo(y.subarray(2 * reach), z.subarray(2 * reach), 1e-6)).toBe(true);
    expect(closeTo(y.subarray(0, 2 * reach), z.subarray(0, 2 * reach), 1e-2)).toBe(false);
    const bitwise = 149 + cell.contextRows;
    expect(sameBits(y.slice(2 * bitwise), z.slice(2 * bitwise))).toBe(true);
    expect(cell.contextRows).toBe(2 * 64 - 1 + 3);
  });
});

describe('hyenaCell', () => {
  it('has the state its README promises: 8 (o + 1) D + 8 (o - 1) D W + 8 bytes', () => {
    for (const [lMax, order, W] of [
      [12, 2, 16],
      [100, 4, 128],
    ] as const) {
      expect(stateBytes(make({ lMax, order }).cell.layout)).toBe(8 * (order + 1) * 2 + 8 * (order - 1) * 2 * W + 8);
    }
  });

  it('evaluates the implicit filter: sin(freq x) between linear layers, times its decay', () => {
    const config: HyenaConfig = { ...sampleHyena(1).config, lMax: 20, order: 3, shift: 0.05 };
    const weights = randomHyena(config, 4);
    const at = (name: string) => [...weights.get(`filter_fn.${name}`)!.data];
    const [D, F] = [2, 6];
    for (const filterLayout of ['order-first', 'channel-first'] as const) {
      const { taps, filterBias } = hyenaParams(weights, '', { ...config, filterLayout });
      for (const [t, stage, d] of [
        [0, 0, 1],
        [7, 1, 0],
        [19, 0, 1],
      ] as const) {
        const channel = filterLayout === 'order-first' ? stage * D + d : d * 2 + stage;
        const layer = (j: number, x: number[]) =>
          at(`implicit_filter.${j}.bias`).map((b, i) =>
            Math.sin(3 * x.reduce((sum, v, k) => sum + at(`implicit_filter.${j}.weight`)[i * x.length + k]! * v, b)),
          );
        const hidden = layer(2, layer(0, at('pos_emb.z').slice(5 * t, 5 * t + 5)));
        const out = hidden.reduce((sum, v, k) => sum + at('implicit_filter.4.weight')[channel * F + k]! * v, 0);
        const decay = Math.exp(-(t / 19) * Math.abs(at('modulation.deltas')[channel]!));
        expect(taps[(stage * D + d) * 20 + t]).toBeCloseTo(out * (decay + 0.05), 6);
        expect(filterBias[stage * D + d]).toBe(at('bias')[channel]);
      }
    }
  });

  it.each([
    [12, 2],
    [45, 3],
    [100, 2],
  ])('l_max %i, order %i: the FFT form equals steps, which go on from its state', (lMax, order) => {
    const { cell } = make({ lMax, order }, 7);
    const rows = 5 * lMax + 33;
    const x = noiseRows(9, rows, 2);
    const [steps, blocks] = [started(cell), started(cell)];
    const [expected, y] = [new Float32Array(2 * rows), new Float32Array(2 * rows)];
    cell.scan!(steps, x, expected, rows);
    // Forms and steps in turns, so that each goes on from what the other left, at ragged places of the ring.
    let from = 0;
    for (const [i, length] of [1, 30, lMax + 7, 3, 2 * lMax, 11, rows].entries()) {
      const to = Math.min(rows, from + length);
      const scan = i % 2 === 0 ? cell.forms!.fft!.scan : cell.scan!;
      if (to > from) scan(blocks, x.subarray(2 * from, 2 * to), y.subarray(2 * from, 2 * to), to - from);
      from = to;
    }
    expect(closeTo(y, expected, 1e-5)).toBe(true);
    for (const slot of ['short', 'inputs', 'pending'] as const) {
      expect(closeTo(blocks.at[slot], steps.at[slot], 1e-5)).toBe(true);
    }
    expect(blocks.at.cursor[0]).toBe(steps.at.cursor[0]);
  });

  it('skips a gap as rows of zeros in place of the gated inputs', () => {
    const { cell } = make({ lMax: 45, order: 2 });
    const state = started(cell);
    cell.scan!(state, noiseRows(5, 70, 2), new Float32Array(140), 70);
    cell.skip!(state, 45);
    expect(Math.max(...state.at.inputs.subarray(0, 64).map((v, i) => (i >= 6 && i < 51 ? Math.abs(v) : 0)))).toBe(0);
    expect(state.at.cursor[0]).toBe(115 % 64);
    cell.skip!(state, 1e9);
    expect(Math.max(...state.at.pending.map(Math.abs), ...state.at.inputs.map(Math.abs))).toBe(0);
    expect(state.at.cursor[0]).toBe((115 + 1e9) % 64);
  });

  it.each([
    ['an order of 1', { order: 1 }, 'ERR_CONFIG_INVALID'],
    ['no taps', { lMax: 0 }, 'ERR_CONFIG_INVALID'],
    ['an even embedding', { embDim: 4 }, 'ERR_CONFIG_INVALID'],
    ['more state than a stream may have', { lMax: 2 ** 20, dModel: 64 }, 'ERR_CONFIG_INVALID'],
    ['an unknown layout', { filterLayout: 'od' as 'order-first' }, 'ERR_CONFIG_INVALID'],
    ['another l_max than the filter was made for', { lMax: 13 }, 'ERR_WEIGHTS_SHAPE'],
  ])('refuses %s', (_what, change, code) => {
    const { weights, config } = sampleHyena(1);
    expect(() => hyenaParams(weights, '', { ...config, ...change })).toThrow(expect.objectContaining({ code }));
  });

  it('refuses a missing tensor', () => {
    const { weights, config } = sampleHyena(1);
    const rest = new Map([...weights].filter(([name]) => name !== 'filter_fn.pos_emb.t'));
    expect(() => hyenaParams(rest, '', config)).toThrow(expect.objectContaining({ code: 'ERR_WEIGHTS_MISSING' }));
  });
});
