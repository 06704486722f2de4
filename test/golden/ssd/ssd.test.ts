// The bare state-space dual recurrence, by steps and in chunks, against a float64 reference: outputs and the last state.

import { it } from 'vitest';
import { exp } from '../../../src/base/math.ts';
import { ssdChunk } from '../../../src/kernel/plain/ssd-chunk.ts';
import { ssdScratch } from '../../../src/kernel/plain/ssd-chunk-head.ts';
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

it.each([1, 4, 7, 16, 32])('ssdChunk of %i rows gives the reference outputs and state', (chunk) => {
  const golden = readGolden('ssd');
  const [rows, heads, headDim, dState] = [32, 3, 4, 5];
  const sizes = { heads, headDim, dState, groups: 1 };
  const part = (name: string, from: number, to: number, width: number) =>
    Float32Array.from(golden(name).subarray(from * width, to * width));
  const h = new Float32Array(heads * headDim * dState);
  const y = new Float32Array(rows * heads * headDim);
  const A = golden('param.A');
  for (let from = 0; from < rows; from += chunk) {
    const to = Math.min(rows, from + chunk);
    const dt = golden('in.dt').subarray(from * heads, to * heads);
    const given = {
      decay: dt.map((value, i) => exp(value * A[i % heads]!)),
      now: dt,
      later: dt,
      x: part('in.x', from, to, heads * headDim),
      B: part('in.B', from, to, dState),
      C: part('in.C', from, to, dState),
      y: y.subarray(from * heads * headDim, to * heads * headDim),
    };
    ssdChunk(h, new Float32Array(heads), given, to - from, sizes, ssdScratch(chunk, sizes));
  }
  expectParity(y, golden('out.y'));
  expectParity(h, golden('out.state'));
});
