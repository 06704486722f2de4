import { describe, expect, it } from 'vitest';
import { chunkOf, gapOf, markOf, noise, rowsOf, seeded } from '../../../test/helpers/items.ts';
import { expectChunkInvariant, expectResumable, runStage } from '../../../test/helpers/run-stage.ts';
import type { Item } from '../../item/item.ts';
import type { FrameOptions } from '../frames.ts';
import { rehop } from '../rehop/rehop.ts';
import { stft } from '../stft/stft.ts';
import { istft } from './istft.ts';

const FRAMES: readonly FrameOptions[] = [
  { windowRows: 512, hopRows: 256, fftSize: 512, window: 'sqrt-hann' },
  { windowRows: 320, hopRows: 160, fftSize: 320, window: 'sqrt-hann' },
  { windowRows: 640, hopRows: 160, fftSize: 960, window: 'sqrt-hann' },
  { windowRows: 512, hopRows: 128, fftSize: 512, window: 'hann' },
  { windowRows: 400, hopRows: 160, fftSize: 512, window: 'sqrt-hann' }, // an overlap that is no multiple of the hop
];
const there = (frames: FrameOptions, tail = true) => [
  rehop({ hopRows: frames.hopRows, width: 1, rateHz: 16000 }),
  stft({ ...frames, tail }),
  istft({ ...frames, rateHz: 16000 }),
];
const worst = (a: Float32Array, b: Float32Array): number => {
  expect(a.length).toBe(b.length);
  return a.reduce((max, value, k) => Math.max(max, Math.abs(value - b[k]!)), 0);
};
const named = FRAMES.map((frames) => [`${frames.window} ${frames.windowRows}/${frames.hopRows}`, frames] as const);

const signal = noise(5000, seeded(6));
const stream: Item[] = [
  chunkOf(0, signal.subarray(0, 1500)),
  gapOf(1500, 1700),
  chunkOf(1700, signal.subarray(1700, 3000)),
  markOf('flush', 3000),
  chunkOf(3000, signal.subarray(3000, 3333)),
  markOf('reset', 3333),
  chunkOf(3333, signal.subarray(3333)),
  markOf('end', 5000),
];

describe('istft', () => {
  it.each(named)('behind stft gives the signal back, every row at its place: %s', (_name, frames) => {
    for (const rows of [5000, frames.hopRows * 10, 1, frames.hopRows]) {
      const out = runStage(there(frames), [chunkOf(0, signal.subarray(0, rows)), markOf('end', rows)]);
      expect(worst(rowsOf(out), signal.subarray(0, rows))).toBeLessThan(1e-6);
      let next = 0;
      for (const item of out) {
        expect(item.from).toBe(next);
        next = item.to;
      }
      expect(next).toBe(rows);
    }
  });

  it('holds back no more than the overlap', () => {
    for (const frames of FRAMES) {
      const out = runStage(there(frames), [chunkOf(0, signal)]);
      const heard = signal.length - (signal.length % frames.hopRows);
      expect(out.at(-1)!.to).toBe(heard - (frames.windowRows - frames.hopRows));
    }
  });

  it('fades the last rows out when the frames over the end are missing', () => {
    const frames = FRAMES[0]!;
    const [rows, whole] = [2560, 2560 - 256];
    const out = rowsOf(runStage(there(frames, false), [chunkOf(0, signal.subarray(0, rows)), markOf('end', rows)]));
    expect(worst(out.subarray(0, whole), signal.subarray(0, whole))).toBeLessThan(1e-6);
    const faded = signal.slice(whole, rows).map((v, n) => v * (0.5 + 0.5 * Math.cos((Math.PI * n) / 256)));
    expect(worst(out.subarray(whole), faded)).toBeLessThan(1e-6);
  });

  it.each(named)('covers the stream once and restores what is not next to a hole: %s', (_name, frames) => {
    const { hopRows, windowRows } = frames;
    const out = runStage(there(frames), stream).filter((item) => item.kind !== 'mark');
    let next = 0;
    for (const item of out) {
      expect(item.from).toBe(next);
      next = item.to;
      if (item.kind !== 'chunk') continue;
      const overlap = windowRows - hopRows; // rows before a hole lack the frames that would have completed them
      const near = [1500, 3333].some((hole) => item.to > hole - hopRows - overlap && item.from < hole);
      if (!near) expect(worst(item.data, signal.subarray(item.from, item.to))).toBeLessThan(1e-6);
    }
    expect(next).toBe(5000);
  });

  it('gives the same items for any chunking', () => {
    for (const frames of FRAMES) expectChunkInvariant(there(frames), stream, { runs: 50 });
  });
  it('resumes bitwise from a snapshot anywhere', () => {
    for (const frames of FRAMES) expectResumable(there(frames), stream, { runs: 50 });
  });

  it('refuses windows that cannot be undone', () => {
    const frames = { windowRows: 160, hopRows: 160, fftSize: 160, window: 'hann' } as const;
    expect(() => istft({ ...frames, rateHz: 16000 })).toThrow(/overlap/);
  });
});
