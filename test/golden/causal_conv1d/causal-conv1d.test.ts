// The depthwise causal convolution against a float64 reference: outputs (after SiLU) and the last inputs it keeps.

import { it } from 'vitest';
import { causalConvStep } from '../../../src/kernel/plain/causal-conv.ts';
import { siluInto } from '../../../src/kernel/plain/silu-into.ts';
import { expectParity, readGolden } from '../../helpers/golden.ts';

it('causalConvStep gives the reference outputs and state', () => {
  const golden = readGolden('causal_conv1d');
  const [rows, channels, taps] = [32, 4, 4];
  const [x, weight, bias] = ['in.x', 'param.weight', 'param.bias'].map((name) => Float32Array.from(golden(name)));
  const state = new Float32Array(channels * (taps - 1));
  const y = new Float32Array(rows * channels);
  for (let t = 0; t < rows; t++) {
    const row = y.subarray(t * channels, (t + 1) * channels);
    causalConvStep(state, x!.subarray(t * channels, (t + 1) * channels), weight!, bias!, row, channels, taps);
  }
  siluInto(y, y);
  expectParity(y, golden('out.y'));
  expectParity(state, golden('out.state'));
});
