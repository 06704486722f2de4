// The bare WKV operator of RWKV-6, one head of 5 keys and 4 values, against a float64 reference: outputs and last state.

import { expect, it } from 'vitest';
import { naiveWkv6 } from '../../../src/cell/rwkv6/index.ts';
import { wkv6Step } from '../../../src/kernel/plain/rwkv6-wkv-step.ts';
import { expectParity, readGolden, relativeError } from '../../helpers/golden.ts';

const golden = readGolden('rwkv6_wkv');
const [ROWS, KEYS, VALUES] = [32, 5, 4];
const row = (name: string, t: number, width: number) => golden(name).subarray(t * width, (t + 1) * width);

it('wkv6Step gives the reference outputs and state', () => {
  const S = new Float32Array(KEYS * VALUES);
  const u = Float32Array.from(golden('param.u'));
  const y = new Float32Array(ROWS * VALUES);
  for (let t = 0; t < ROWS; t++) {
    const [r, k] = ['in.r', 'in.k'].map((name) => Float32Array.from(row(name, t, KEYS)));
    const v = Float32Array.from(row('in.v', t, VALUES));
    const out = y.subarray(t * VALUES, (t + 1) * VALUES);
    wkv6Step(S, row('in.w', t, KEYS), u, r!, k!, v, out, { heads: 1, keyDim: KEYS, valueDim: VALUES });
  }
  expectParity(y, golden('out.y'));
  expectParity(S, golden('out.state'));
});

it('its slow twin gives the reference outputs in float64', () => {
  const rows = (name: string, width: number) => Array.from({ length: ROWS }, (_, t) => [...row(name, t, width)]);
  const [r, w, k] = ['in.r', 'in.w', 'in.k'].map((name) => rows(name, KEYS));
  const y = naiveWkv6(r!, w!, k!, rows('in.v', VALUES), [...golden('param.u')]);
  expect(relativeError(y.flat(), golden('out.y'))).toBeLessThanOrEqual(1e-11);
});
