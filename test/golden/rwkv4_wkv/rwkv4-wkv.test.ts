// The bare WKV operator of RWKV-4 against a float64 reference: outputs and the last state.

import { expect, it } from 'vitest';
import { naiveWkv4 } from '../../../src/cell/rwkv4/index.ts';
import { WKV4_EMPTY, wkv4Step } from '../../../src/kernel/plain/rwkv4-wkv-step.ts';
import { expectParity, readGolden, relativeError } from '../../helpers/golden.ts';

const golden = readGolden('rwkv4_wkv');
const [ROWS, WIDTH] = [32, 4];

it('wkv4Step gives the reference outputs and state', () => {
  const row = (name: string, t: number) => Float32Array.from(golden(name).subarray(t * WIDTH, (t + 1) * WIDTH));
  const [num, den] = [new Float32Array(WIDTH), new Float32Array(WIDTH)];
  const state = { num, den, max: new Float32Array(WIDTH).fill(WKV4_EMPTY) };
  const u = Float32Array.from(golden('param.u'));
  const y = new Float32Array(ROWS * WIDTH);
  for (let t = 0; t < ROWS; t++) {
    const out = y.subarray(t * WIDTH, (t + 1) * WIDTH);
    wkv4Step(state, golden('param.w'), u, row('in.k', t), row('in.v', t), out, 1);
  }
  expectParity(y, golden('out.y'));
  for (const slot of ['num', 'den', 'max'] as const) expectParity(state[slot], golden(`out.${slot}`));
});

it('its slow twin gives the reference outputs in float64', () => {
  const y = naiveWkv4(golden('param.w'), golden('param.u'), golden('in.k'), golden('in.v'), ROWS);
  expect(relativeError(y, golden('out.y'))).toBeLessThanOrEqual(1e-11);
});
