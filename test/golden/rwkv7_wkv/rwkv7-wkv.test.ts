// The bare WKV operator of RWKV-7, one head of 5, against a float64 reference: outputs and the last state.

import { expect, it } from 'vitest';
import { naiveWkv7 } from '../../../src/cell/rwkv7/index.ts';
import { wkv7Step } from '../../../src/kernel/plain/rwkv7-wkv-step.ts';
import { expectParity, readGolden, relativeError } from '../../helpers/golden.ts';

const golden = readGolden('rwkv7_wkv');
const [ROWS, DIM] = [32, 5];
const row = (name: string, t: number) => golden(name).subarray(t * DIM, (t + 1) * DIM);

it('wkv7Step gives the reference outputs and state', () => {
  const S = new Float32Array(DIM * DIM);
  const y = new Float32Array(ROWS * DIM);
  for (let t = 0; t < ROWS; t++) {
    const [r, k, v] = ['in.r', 'in.k', 'in.v'].map((name) => Float32Array.from(row(name, t)));
    const out = y.subarray(t * DIM, (t + 1) * DIM);
    wkv7Step(S, row('in.w', t), r!, k!, v!, row('in.kk', t), row('in.a', t), out, DIM);
  }
  expectParity(y, golden('out.y'));
  expectParity(S, golden('out.state'));
});

it('its slow twin gives the reference outputs in float64', () => {
  const rows = (name: string) => Array.from({ length: ROWS }, (_, t) => [...row(`in.${name}`, t)]);
  const y = naiveWkv7(rows('r'), rows('w'), rows('k'), rows('v'), rows('kk'), rows('a'));
  expect(relativeError(y.flat(), golden('out.y'))).toBeLessThanOrEqual(1e-11);
});
