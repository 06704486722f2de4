// The bare state-space dual recurrence against a float64 reference: outputs and the last state.

import { it } from 'vitest';
import { ssdStep } from '../../../src/kernel/plain/ssd-step.ts';
import { expectParity, readGolden } from '../../helpers/golden.ts';

it('ssdStep gives the reference outputs and state', () => {
  const golden = readGolden('ssd');
  const [rows, heads, headDim, dState] = [32, 3, 4, 5];
  const row = (name: string, t: number, width: number) => golden(name).subarray(t * width, (t + 1) * width);
  const h = new Float32Array(heads * headDim * dState);
  const D = new Float32Array(heads);
  const y = new Float32Array(rows * heads * headDim);
  for (let t = 0; t < rows; t++) {
    ssdStep(
      h,
      row('in.dt', t, heads),
      golden('param.A'),
      Float32Array.from(row('in.x', t, heads * headDim)),
      Float32Array.from(row('in.B', t, dState)),
      Float32Array.from(row('in.C', t, dState)),
      D,
      y.subarray(t * heads * headDim, (t + 1) * heads * headDim),
      { heads, headDim, dState, groups: 1 },
    );
  }
  expectParity(y, golden('out.y'));
  expectParity(h, golden('out.state'));
});
