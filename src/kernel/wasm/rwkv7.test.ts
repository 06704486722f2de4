// The kernels of RWKV-7 against their plain float64 twins: heads of any width, NaN around every array, faint to huge inputs.

import { describe, expect, it } from 'vitest';
import { availableSimd, fenced } from '../../../test/helpers/fenced.ts';
import { sigmoid } from '../../base/math.ts';
import { seededRandom } from '../../cell/seeded-random.ts';
import { groupNorm } from '../plain/group-norm.ts';
import { tokenShift } from '../plain/rwkv-token-shift.ts';
import { wkv7Step } from '../plain/rwkv7-wkv-step.ts';

const ROWS = 5;
const HEADS = 2;
const DIMS = [1, 2, 3, 4, 5, 8, 11, 16];
const random = seededRandom(77);
const values = (n: number, scale = 1, centre = 0): Float32Array =>
  Float32Array.from({ length: n }, () => centre + scale * random());
const row = (of: Float32Array, t: number, n: number): Float32Array => of.slice(t * n, (t + 1) * n);

function expectClose(found: ArrayLike<number>, expected: ArrayLike<number>, bound: number, what: string): void {
  const scale = Math.max(1e-22, ...Array.from(expected, Math.abs)); // what only decays is 0 below 1e-24
  const errors = Array.from(expected, (value, i) => Math.abs(found[i]! - value) / scale);
  expect(Math.max(...errors), what).toBeLessThanOrEqual(bound);
}
const expectFences = (...arrays: readonly { intact(): boolean }[]): void => {
  for (const array of arrays) expect(array.intact()).toBe(true);
};

describe.each(await availableSimd())('$numerics kernels', ({ kernels }) => {
  it.each(DIMS)('rwkv7Step agrees with the plain step, heads of %d', (dim) => {
    for (const scale of [1e-38, 1e-20, 1, 1e3, 1e15]) {
      const n = HEADS * dim;
      const S = values(n * dim);
      const [w, r, k, v] = [values(ROWS * n, 0.2, 0.75), values(ROWS * n), values(ROWS * n), values(ROWS * n, scale)];
      const [kk, a] = [values(ROWS * n), values(ROWS * n, 0.5, 0.5)];
      for (let head = 0; head < ROWS * n; head += dim) {
        const length = Math.hypot(...kk.subarray(head, head + dim));
        for (let i = head; i < head + dim; i++) kk[i] = kk[i]! / length;
      }
      const near = [S, w, r, k, v, kk, kk.map((value, i) => value * a[i]!), new Float32Array(ROWS * n)].map(fenced);
      const [state, nearW, nearR, nearK, nearV, nearKk, erase, y] = near.map(({ address }) => address) as number[];
      kernels.rwkv7Step(state!, nearW!, nearR!, nearK!, nearV!, nearKk!, erase!, y!, dim, n, ROWS);
      const expected = new Float32Array(n);
      for (let t = 0; t < ROWS; t++) {
        const [f64w, f64kk, f64a] = [w, kk, a].map((of) => Float64Array.from(row(of, t, n)));
        wkv7Step(S, f64w!, row(r, t, n), row(k, t, n), row(v, t, n), f64kk!, f64a!, expected, dim);
        expectClose(row(near[7]!.values, t, n), expected, 3e-6, `row ${t} at ${scale}`);
      }
      expectClose(near[0]!.values, S, 3e-6, `state at ${scale}`);
      expectFences(...near);
    }
  });

  it.each(DIMS)('rwkv7Prepare and rwkv7Finish agree with plain arithmetic, heads of %d', (dim) => {
    const n = HEADS * dim;
    const [rawW, rawA, k] = [values(ROWS * n, 5), values(ROWS * n, 5), values(ROWS * n)];
    k.fill(0, 0, dim); // a silent head has no direction
    const [keyErase, keyWrite] = [values(n), values(n)];
    const near = [rawW, rawA, k, keyErase, keyWrite, new Float32Array(ROWS * n)].map(fenced);
    const at = near.map(({ address }) => address);
    kernels.rwkv7Prepare(at[0]!, at[1]!, at[2]!, at[3]!, at[4]!, at[5]!, dim, n, ROWS);
    const kk = k.map((value, i) => value * keyErase[i % n]!);
    for (let head = 0; head < ROWS * n; head += dim) {
      const length = Math.max(1e-12, Math.hypot(...kk.subarray(head, head + dim)));
      for (let i = head; i < head + dim; i++) kk[i] = kk[i]! / length;
    }
    const a = rawA.map(sigmoid);
    expectClose(
      near[0]!.values,
      rawW.map((value) => Math.exp(-Math.exp(-0.5) * sigmoid(value))),
      1e-6,
      'w',
    );
    expectClose(near[5]!.values, kk, 1e-6, 'kk');
    expectClose(
      near[1]!.values,
      kk.map((value, i) => value * a[i]!),
      1e-6,
      'erase',
    );
    expectClose(
      near[2]!.values,
      k.map((value, i) => value * (1 + (a[i]! - 1) * keyWrite[i % n]!)),
      1e-6,
      'k',
    );
    expectFences(...near);

    const [y, r, v, gate] = [values(ROWS * n, 3), values(ROWS * n), values(ROWS * n), values(ROWS * n)];
    const [bonus, weight, bias] = [values(n), values(n), values(n)];
    const ends = [y, r, k, v, gate, bonus, weight, bias].map(fenced);
    const to = ends.map(({ address }) => address);
    kernels.rwkv7Finish(to[0]!, to[1]!, to[2]!, to[3]!, to[4]!, to[5]!, to[6]!, to[7]!, 64e-5, dim, n, ROWS);
    for (let t = 0; t < ROWS; t++) {
      const expected = row(y, t, n);
      groupNorm(expected, HEADS, weight, bias, 64e-5, expected);
      for (let head = 0; head < n; head += dim) {
        let own = 0;
        for (let i = head; i < head + dim; i++) own += r[t * n + i]! * bonus[i]! * k[t * n + i]!;
        for (let i = head; i < head + dim; i++) expected[i] = (expected[i]! + own * v[t * n + i]!) * gate[t * n + i]!;
      }
      expectClose(row(ends[0]!.values, t, n), expected, 1e-5, `y, row ${t}`);
    }
    expectFences(...ends);
  });

  it.each(DIMS)('tokenShift, rwkv7Blend and reluSquareInto agree with the plain ones, %d wide', (n) => {
    const stride = 2 * n + 1;
    const [shift, x, mix, v, share] = [
      values(n),
      values(ROWS * stride),
      values(n),
      values(ROWS * n),
      values(ROWS * n, 4),
    ];
    const near = [shift, x, mix, new Float32Array(ROWS * n), v, share].map(fenced);
    const at = near.map(({ address }) => address);
    kernels.tokenShift(at[0]!, at[1]!, stride, at[2]!, at[3]!, n, ROWS);
    kernels.rwkv7Blend(at[4]!, at[5]!, at[1]! + 4 * n, stride, n, ROWS);
    for (let t = 0; t < ROWS; t++) {
      const input = row(x, t, stride);
      const expected = new Float32Array(n);
      tokenShift(input.slice(0, n), t === 0 ? shift : row(x, t - 1, stride).slice(0, n), mix, expected);
      expectClose(row(near[3]!.values, t, n), expected, 5e-7, `shift, row ${t}`);
      const blended = row(v, t, n).map((own, i) => own + sigmoid(share[t * n + i]!) * (input[n + i]! - own));
      expectClose(row(near[4]!.values, t, n), blended, 5e-7, `blend, row ${t}`);
    }
    kernels.reluSquareInto(at[5]!, at[5]!, ROWS * n);
    expectClose(
      near[5]!.values,
      share.map((value) => Math.max(0, value) ** 2),
      1e-7,
      'squares',
    );
    expectFences(...near);
  });
});
