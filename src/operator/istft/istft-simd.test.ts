// istft on the WebAssembly kernels: near the float64 one, and under the same laws.

import { describe, expect, it } from 'vitest';
import { availableSimd } from '../../../test/helpers/fenced.ts';
import { chunkOf, gapOf, markOf, noise, rowsOf, seeded } from '../../../test/helpers/items.ts';
import { expectChunkInvariant, expectResumable, runStage } from '../../../test/helpers/run-stage.ts';
import type { Item } from '../../item/item.ts';
import type { FrameOptions } from '../frames.ts';
import { rehop } from '../rehop/rehop.ts';
import { stft } from '../stft/stft.ts';
import { istft } from './istft.ts';

const FRAMES: readonly FrameOptions[] = [
  { windowRows: 512, hopRows: 256, fftSize: 512, window: 'sqrt-hann' },
  { windowRows: 399, hopRows: 133, fftSize: 480, window: 'hann' },
  { windowRows: 90, hopRows: 30, fftSize: 100, window: 'hann' }, // a size that stays in float64
];
const signal = noise(3000, seeded(6));
const stream: readonly Item[] = [
  chunkOf(0, signal.subarray(0, 1500)),
  gapOf(1500, 1700),
  chunkOf(1700, signal.subarray(1700, 2222)),
  markOf('reset', 2222),
  chunkOf(2222, signal.subarray(2222)),
  markOf('end', 3000),
];

describe.each(await availableSimd())('istft on $numerics kernels', (simd) => {
  const there = (frames: FrameOptions, with_: object = { simd }) => [
    rehop({ hopRows: frames.hopRows, width: 1, rateHz: 16000 }),
    stft({ ...frames, tail: true, ...with_ }),
    istft({ ...frames, rateHz: 16000, ...with_ }),
  ];

  it.each(FRAMES)('behind stft gives the signal back within 1e-6: $fftSize', (frames) => {
    const out = rowsOf(runStage(there(frames), [chunkOf(0, signal), markOf('end', 3000)]));
    expect(out.length).toBe(3000);
    expect(Math.max(...out.map((value, i) => Math.abs(value - signal[i]!)))).toBeLessThan(1e-6);
  });

  it.each(FRAMES)('has the items of the plain stage, holes and all: $fftSize', (frames) => {
    const [plain, near] = [runStage(there(frames, {}), stream), runStage(there(frames), stream)];
    const shapes = (items: Item[]) => items.map((item) => ({ ...item, data: null }));
    expect(shapes(near)).toEqual(shapes(plain));
    const [a, b] = [rowsOf(near), rowsOf(plain)];
    expect(Math.max(...a.map((value, i) => Math.abs(value - b[i]!)))).toBeLessThan(1e-6);
  });

  it.each(FRAMES)('gives the same items for any chunking: $fftSize', (frames) =>
    expectChunkInvariant(there(frames), stream, { runs: 30 }),
  );
  it('resumes bitwise from a snapshot anywhere', () => expectResumable(there(FRAMES[0]!), stream, { runs: 40 }));
});
