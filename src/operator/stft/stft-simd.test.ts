// stft on the WebAssembly kernels: near the float64 one, and under the same laws.

import { describe, expect, it } from 'vitest';
import { availableSimd } from '../../../test/helpers/fenced.ts';
import { chunkOf, gapOf, markOf, noise, rowsOf, seeded } from '../../../test/helpers/items.ts';
import { expectChunkInvariant, expectResumable, openStream, runStage } from '../../../test/helpers/run-stage.ts';
import type { Item } from '../../item/item.ts';
import type { FrameOptions } from '../frames.ts';
import { rehop } from '../rehop/rehop.ts';
import { stft } from './stft.ts';

const FRAMES: readonly FrameOptions[] = [
  { windowRows: 400, hopRows: 160, fftSize: 512, window: 'hann' },
  { windowRows: 319, hopRows: 107, fftSize: 320, window: 'sqrt-hann' },
  { windowRows: 160, hopRows: 160, fftSize: 160, window: 'hann' },
  { windowRows: 90, hopRows: 60, fftSize: 100, window: 'hann' }, // a size that stays in float64
];
const signal = noise(2000, seeded(8));
const stream: readonly Item[] = [
  chunkOf(0, signal.subarray(0, 700)),
  gapOf(700, 810),
  chunkOf(810, signal.subarray(810, 1200)),
  markOf('flush', 1200),
  chunkOf(1200, signal.subarray(1200, 1300)),
  markOf('reset', 1300),
  chunkOf(1300, signal.subarray(1300)),
  markOf('end', 2000),
];
const largest = (values: Float32Array): number => values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);

describe.each(await availableSimd())('stft on $numerics kernels', (simd) => {
  const stages = (frames: FrameOptions, with_: object = { simd }) => [
    rehop({ hopRows: frames.hopRows, width: 1, rateHz: 16000 }),
    stft({ ...frames, tail: true, ...with_ }),
  ];

  it.each(FRAMES)('has the items of the plain stage, within 1e-6 of the largest value: $fftSize', (frames) => {
    const [plain, near] = [runStage(stages(frames, {}), stream), runStage(stages(frames), stream)];
    const shapes = (items: Item[]) => items.map((item) => ({ ...item, data: null }));
    expect(shapes(near)).toEqual(shapes(plain));
    const [a, b] = [rowsOf(near), rowsOf(plain)];
    expect(largest(a.map((value, i) => value - b[i]!)) / largest(b)).toBeLessThan(1e-6);
    if (frames.fftSize === 100) expect(a).toEqual(b);
  });

  it.each(FRAMES)('gives the same items for any chunking: $fftSize', (frames) =>
    expectChunkInvariant(stages(frames), stream, { runs: 40 }),
  );
  it('resumes bitwise from a snapshot anywhere', () => expectResumable(stages(FRAMES[0]!), stream, { runs: 60 }));

  it('goes on from a snapshot of the plain stage, and back', () => {
    const hop = (k: number): Item => chunkOf(160 * k, signal.subarray(160 * k, 160 * (k + 1)));
    const [plain, near] = [openStream(stft(FRAMES[0]!)), openStream(stft({ ...FRAMES[0]!, simd }))];
    for (const stream of [plain, near]) stream.push(hop(0), hop(1), hop(2));
    expect(near.snapshot()).toEqual(plain.snapshot());
    const crossed = openStream(stft({ ...FRAMES[0]!, simd }), plain.snapshot()).push(hop(3));
    expect(rowsOf(crossed)).toEqual(rowsOf(near.push(hop(3))));
  });

  it('keeps streams apart, and items as they were when later ones come', () => {
    const [one, two] = [openStream(stages(FRAMES[0]!)), openStream(stages(FRAMES[0]!))];
    const alone = rowsOf(runStage(stages(FRAMES[0]!), [chunkOf(0, signal)]));
    const items: Item[] = [];
    for (let at = 0; at < 2000; at += 50) {
      items.push(...one.push(chunkOf(at, signal.subarray(at, at + 50))));
      two.push(
        chunkOf(
          at,
          signal.subarray(at, at + 50).map((value) => -2 * value),
        ),
      );
    }
    expect(rowsOf(items)).toEqual(alone);
  });
});
