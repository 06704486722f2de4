// The recurrences on the kernels against their plain float64 twins: selective scan, RG-LRU, gated linear attention, gated delta
// rule, linear attention. Random and ragged shapes, NaN around every array, inputs from faint to huge. That rows may be split
// into calls in any way: test/laws/lowered.test.ts.

import { describe, expect, it } from 'vitest';
import { availableSimd, type Fenced, fenced } from '../../../test/helpers/fenced.ts';
import { seededRandom } from '../../cell/seeded-random.ts';
import { gatedDeltaNormalise } from '../plain/gated-delta-normalise.ts';
import { gatedDeltaStep } from '../plain/gated-delta-step.ts';
import { glaStep } from '../plain/gla-step.ts';
import { eluPlusOne, linearAttentionStep } from '../plain/linear-attention-step.ts';
import { normThenGate } from '../plain/norm-then-gate.ts';
import { rgLruCoefficients } from '../plain/rg-lru-coefficients.ts';
import { rgLruGate } from '../plain/rg-lru-gate.ts';
import { selectiveScanStep } from '../plain/selective-scan.ts';
import { siluInto } from '../plain/silu-into.ts';
import { packPanels } from './panels.ts';
import { createRegion } from './region.ts';
import type { Simd } from './simd.ts';

const ROWS = 5;
const random = seededRandom(31);
const values = (n: number, scale = 1, centre = 0): Float32Array =>
  Float32Array.from({ length: n }, () => centre + scale * random());
const row = (of: Float32Array, t: number, n: number): Float32Array => of.slice(t * n, (t + 1) * n);
const region = createRegion();

/** Two float64 values a slot: an address that is a multiple of 8 and a fence of NaN behind. */
function wide(of: Float64Array): { address: number; values: Float64Array; intact(): boolean } {
  const address = region.floats(2 * of.length + 8);
  const view = new Float64Array(region.view(address, 0).buffer, address, of.length + 4).fill(NaN);
  view.set(of);
  return { address, values: view.subarray(0, of.length), intact: () => view.subarray(of.length).every(Number.isNaN) };
}

function expectClose(found: ArrayLike<number>, expected: ArrayLike<number>, bound: number, what: string): void {
  let scale = 1e-22; // what only decays is 0 below 1e-24
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    scale = Math.max(scale, Math.abs(expected[i]!));
    const error = Math.abs(found[i]! - expected[i]!);
    worst = error > worst || error !== error ? error : worst;
  }
  expect(worst / scale, what).toBeLessThanOrEqual(bound);
}
const expectFences = (...arrays: readonly { intact(): boolean }[]): void => {
  for (const array of arrays) expect(array.intact()).toBe(true);
};

/** Sizes of state around vectors of four, and scales of input from what is flushed to near overflow. */
const SIZES = [1, 2, 3, 4, 5, 7, 8, 16, 19];
const SCALES = [1e-38, 1e-20, 1e-3, 1, 1e3, 1e15];

describe.each(await availableSimd())('$numerics kernels', (simd: Simd) => {
  const { kernels } = simd;

  it.each(SIZES)('selectiveStep agrees with the plain scan, dState %d', (dState) => {
    for (const scale of SCALES) {
      const channels = 6;
      const stride = 2 * dState + 1;
      const [h, dt, x] = [values(channels * dState), values(ROWS * channels, 0.5, 0.5), values(ROWS * channels, scale)];
      const A = values(channels * dState, 3, -3);
      const [select, D] = [values(ROWS * stride), values(channels)];
      const state = fenced(h);
      const inputs = [dt, A.map((rate) => rate * Math.LOG2E), x, select, D].map(fenced) as [
        Fenced,
        Fenced,
        Fenced,
        Fenced,
        Fenced,
      ];
      const [nearDt, nearA, nearX, B, nearD] = inputs;
      const y = fenced(new Float32Array(ROWS * channels));
      const C = B.address + 4 * dState;
      // biome-ignore format: one call a line
      kernels.selectiveStep(state.address, nearDt.address, nearA.address, nearX.address, B.address, C, stride, nearD.address, y.address, channels, dState, ROWS);
      const expected = new Float32Array(channels);
      for (let t = 0; t < ROWS; t++) {
        const select_t = row(select, t, stride);
        const sizes = { channels, dState };
        // biome-ignore format: one call a line
        selectiveScanStep(h, Float64Array.from(row(dt, t, channels)), Float64Array.from(A), row(x, t, channels), select_t.slice(0, dState), select_t.slice(dState, 2 * dState), D, expected, sizes);
        expectClose(row(y.values, t, channels), expected, 3e-6, `row ${t} at ${scale}`);
      }
      expectClose(state.values, h, 3e-6, `state at ${scale}`);
      expectFences(state, y, ...inputs);
    }
  });

  it('selectiveStep decays a state to 0, not into subnormal numbers', () => {
    const [channels, dState] = [3, 5];
    const state = fenced(values(channels * dState));
    const zeros = fenced(new Float32Array(16));
    const [dt, A] = [fenced(values(channels, 0, 0.5)), fenced(values(channels * dState, 0, -1))];
    const y = fenced(new Float32Array(channels));
    for (let t = 0; t < 300; t++) {
      // biome-ignore format: one call a line
      kernels.selectiveStep(state.address, dt.address, A.address, zeros.address, zeros.address, zeros.address, 0, zeros.address, y.address, channels, dState, 1);
      for (const value of state.values) expect(value === 0 || Math.abs(value) >= 1e-24).toBe(true);
    }
    expect(state.values.every((value) => value === 0)).toBe(true);
  });

  it.each(SIZES)('rgLruStep and blocksMatmul agree with the plain gates, blocks of %d', (width) => {
    for (const scale of [1e-30, 1e-3, 1, 1e3, 1e15]) {
      const heads = 3;
      const n = heads * width;
      const [weight, bias, rate] = [values(n * width), values(n), values(n, 2, 2.001)];
      const [u, gate, h] = [values(ROWS * n, scale), values(ROWS * n), values(n)];
      const packed = Array.from({ length: heads }, (_, head) => {
        const block = weight.subarray(head * width * width, (head + 1) * width * width);
        const turned = block.map((__, at) => block[(at % width) * width + Math.floor(at / width)]!);
        return packPanels(turned, width, width, bias.subarray(head * width, (head + 1) * width));
      });
      const w = fenced(packed.flatMap(({ panels }) => [...panels]));
      const shift = fenced(packed.flatMap(({ padded }) => [...padded]));
      const [state, nearU, nearGate, nearRate] = [fenced(h), fenced(u), fenced(gate), fenced(rate)];
      const [started, raw, y] = [fenced([0]), fenced(new Float32Array(ROWS * n)), fenced(new Float32Array(ROWS * n))];
      kernels.blocksMatmul(w.address, shift.address, nearU.address, raw.address, heads, width, ROWS);
      // biome-ignore format: one call a line
      kernels.rgLruStep(state.address, started.address, raw.address, raw.address, nearU.address, nearRate.address, nearGate.address, y.address, n, ROWS);
      const [g, a, b] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
      for (let t = 0; t < ROWS; t++) {
        const input = row(u, t, n);
        rgLruGate(weight, input, bias, g, heads);
        rgLruCoefficients(g, g, input, Float64Array.from(rate), 1, t === 0, a, b);
        for (let c = 0; c < n; c++) h[c] = a[c]! * h[c]! + b[c]!;
        expectClose(
          row(y.values, t, n),
          h.map((value, c) => value * gate[t * n + c]!),
          1e-5,
          `row ${t} at ${scale}`,
        );
      }
      expectClose(state.values, h, 1e-5, `state at ${scale}`);
      expect(new Uint32Array(started.values.buffer, started.address, 1)[0]).toBe(1);
      expectFences(w, shift, state, nearU, nearGate, nearRate, started, raw, y);
    }
  });

  it.each(SIZES)('glaStep agrees with the plain step, %d keys', (K) => {
    for (const V of [1, 3, 4, 9]) {
      for (const scale of SCALES) {
        const heads = 2;
        const [keys, width] = [heads * K, heads * V];
        const [S, raw, q] = [values(heads * K * V), values(ROWS * keys, 4), values(ROWS * keys)];
        const [k, v] = [values(ROWS * keys), values(ROWS * width, scale)];
        const [state, decay, nearQ, nearK, nearV] = [fenced(S), fenced(raw), fenced(q), fenced(k), fenced(v)];
        const y = fenced(new Float32Array(ROWS * width));
        kernels.sigmoidPowerInto(decay.address, 1 / 16, decay.address, ROWS * keys);
        // biome-ignore format: one call a line
        kernels.glaStep(state.address, decay.address, nearQ.address, nearK.address, nearV.address, y.address, heads, K, V, ROWS);
        const expected = new Float32Array(width);
        for (let t = 0; t < ROWS; t++) {
          const g = Float64Array.from(row(raw, t, keys), (value) => -Math.log1p(Math.exp(-value)) / 16);
          const sizes = { heads, headKDim: K, headVDim: V };
          glaStep(S, row(q, t, keys), row(k, t, keys), row(v, t, width), g, expected, 1, sizes);
          expectClose(row(y.values, t, width), expected, 3e-6, `row ${t} at ${scale}`);
        }
        expectClose(state.values, S, 3e-6, `state at ${scale}`);
        expectFences(state, decay, nearQ, nearK, nearV, y);
      }
    }
  });

  it.each(SIZES)('unitHeads and gatedDeltaStep agree with the plain step, %d keys', (K) => {
    for (const V of [1, 3, 4, 9]) {
      for (const scale of [1e-20, 1, 1e10]) {
        const [keyHeads, heads] = [2, 4];
        const [keys, width] = [keyHeads * K, heads * V];
        const stride = 2 * keys + width;
        const [S, x] = [values(heads * K * V), values(ROWS * stride, scale)];
        const [decay, beta] = [values(ROWS * heads, 0.5, 0.5), values(ROWS * heads, 1, 1)];
        const [state, nearX, nearDecay, nearBeta] = [fenced(S), fenced(x), fenced(decay), fenced(beta)];
        const y = fenced(new Float32Array(ROWS * width));
        kernels.unitHeads(nearX.address, stride, 2 * keyHeads, K, 1e-6, ROWS);
        const k = nearX.address + 4 * keys;
        // biome-ignore format: one call a line
        kernels.gatedDeltaStep(state.address, nearDecay.address, nearBeta.address, nearX.address, k, k + 4 * keys, stride, y.address, heads, heads / keyHeads, K, V, ROWS);
        const [q, key, expected] = [new Float64Array(keys), new Float64Array(keys), new Float32Array(width)];
        for (let t = 0; t < ROWS; t++) {
          const input = row(x, t, stride);
          gatedDeltaNormalise(input, 0, K, q);
          gatedDeltaNormalise(input, keys, K, key);
          const g = Float64Array.from(row(decay, t, heads), Math.log);
          const sizes = { keyHeads, valueHeads: heads, headKDim: K, headVDim: V };
          // biome-ignore format: one call a line
          gatedDeltaStep(S, q, key, input.slice(2 * keys), g, Float64Array.from(row(beta, t, heads)), expected, 1, sizes);
          expectClose(row(y.values, t, width), expected, 5e-6, `row ${t} at ${scale}`);
        }
        expectClose(state.values, S, 5e-6, `state at ${scale}`);
        expectFences(state, nearX, nearDecay, nearBeta, y);
      }
    }
  });

  it.each(SIZES)('linearAttentionStep agrees with the plain step, %d keys', (K) => {
    for (const V of [1, 2, 5]) {
      const heads = 2;
      const [keys, width] = [heads * K, heads * V];
      const [S, z] = [Float64Array.from(values(heads * K * V)), Float64Array.from(values(keys, 1, 2))];
      const [q, k, v] = [values(ROWS * keys, 5), values(ROWS * keys, 5), values(ROWS * width, 1e3)];
      const [state, norm, nearQ, nearK, nearV] = [wide(S), wide(z), fenced(q), fenced(k), fenced(v)];
      const y = fenced(new Float32Array(ROWS * width));
      kernels.eluPlusOneInto(nearQ.address, nearQ.address, ROWS * keys);
      kernels.eluPlusOneInto(nearK.address, nearK.address, ROWS * keys);
      // biome-ignore format: one call a line
      kernels.linearAttentionStep(state.address, norm.address, nearQ.address, nearK.address, nearV.address, y.address, 1e-6, heads, K, V, ROWS);
      const expected = new Float32Array(width);
      for (let t = 0; t < ROWS; t++) {
        const [phiQ, phiK] = [
          Float64Array.from(row(q, t, keys), eluPlusOne),
          Float64Array.from(row(k, t, keys), eluPlusOne),
        ];
        const sizes = { heads, headKDim: K, headVDim: V };
        linearAttentionStep(S, z, phiQ, phiK, row(v, t, width), expected, 1e-6, sizes);
        expectClose(row(y.values, t, width), expected, 1e-6, `row ${t}`);
      }
      expectClose(state.values, S, 1e-6, 'S');
      expectClose(norm.values, z, 1e-6, 'z');
      expectFences(state, norm, nearQ, nearK, nearV, y);
    }
  });

  it.each(SIZES)('normThenGate, gateRows and sigmoidRows agree with the plain ones, heads of %d', (n) => {
    const heads = 3;
    const width = heads * n;
    const stride = width + 3;
    const [x, gate, weight] = [values(ROWS * width, 4), values(ROWS * stride, 4), values(n)];
    const [normed, gated, nearGate, nearWeight] = [fenced(x), fenced(x), fenced(gate), fenced(weight)];
    const open = fenced(new Float32Array(ROWS * width));
    kernels.normThenGate(normed.address, nearGate.address, stride, nearWeight.address, heads, n, 1e-5, ROWS);
    kernels.gateRows(gated.address, nearGate.address, stride, width, ROWS);
    kernels.sigmoidRows(nearGate.address, stride, 2, open.address, width, ROWS);
    for (let t = 0; t < ROWS; t++) {
      const [input, z] = [row(x, t, width), row(gate, t, stride).subarray(0, width)];
      const [expected, silu] = [new Float32Array(width), new Float32Array(width)];
      normThenGate(input, z, weight, 1e-5, expected);
      expectClose(row(normed.values, t, width), expected, 1e-6, `normThenGate, row ${t}`);
      siluInto(z, silu);
      expectClose(
        row(gated.values, t, width),
        silu.map((value, i) => value * input[i]!),
        1e-6,
        `gateRows, row ${t}`,
      );
      expectClose(
        row(open.values, t, width),
        z.map((value) => 2 / (1 + Math.exp(-value))),
        1e-6,
        `sigmoidRows, row ${t}`,
      );
    }
    expectFences(normed, gated, nearGate, nearWeight, open);
  });

  it.each([1, 4, 6, 17])('addScaled works in place on %d values', (n) => {
    const [x, add] = [fenced(values(n)), fenced(values(n))];
    const expected = x.values.map((value, i) => value + Math.fround(0.3) * add.values[i]!);
    kernels.addScaled(x.address, add.address, 0.3, n);
    expectClose(x.values, expected, 2e-7, 'x');
    expectFences(x, add);
  });
});
