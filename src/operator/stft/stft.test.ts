import { describe, expect, it } from 'vitest';
import { chunkOf, gapOf, markOf, noise, rowsOf, seeded } from '../../../test/helpers/items.ts';
import { expectChunkInvariant, expectResumable, runStage } from '../../../test/helpers/run-stage.ts';
import type { Item } from '../../item/item.ts';
import { rehop } from '../rehop/rehop.ts';
import { stft } from './stft.ts';

const options = { windowRows: 400, hopRows: 160, fftSize: 512, window: 'hann' } as const;
const hops = rehop({ hopRows: 160, width: 1, rateHz: 16000 });
const stages = [hops, stft(options)];

/** Frame k by the definition: zeros before the stream, window, zeros up to fftSize, sum over all rows. */
function frameOf(signal: Float32Array, k: number): number[] {
  const out: number[] = [];
  for (let bin = 0; bin <= 256; bin++) {
    let re = 0;
    let im = 0;
    for (let n = 0; n < 400; n++) {
      const windowed = (signal[(k + 1) * 160 - 400 + n] ?? 0) * (0.5 - 0.5 * Math.cos((2 * Math.PI * n) / 400));
      re += windowed * Math.cos((2 * Math.PI * bin * n) / 512);
      im -= windowed * Math.sin((2 * Math.PI * bin * n) / 512);
    }
    out.push(re, im);
  }
  return out;
}

function expectClose(actual: Float32Array, expected: readonly number[], within: number): void {
  expect(actual.length).toBe(expected.length);
  let worst = 0;
  expected.forEach((value, k) => {
    worst = Math.max(worst, Math.abs(value - actual[k]!));
  });
  expect(worst).toBeLessThan(within);
}

const random = seeded(5);
const signal = noise(160 * 10, random);
const stream: Item[] = [
  chunkOf(0, signal.subarray(0, 700)),
  gapOf(700, 810),
  chunkOf(810, signal.subarray(810, 1200)),
  markOf('flush', 1200),
  chunkOf(1200, signal.subarray(1200, 1300)),
  markOf('reset', 1300),
  chunkOf(1300, signal.subarray(1300)),
  markOf('end', 1600),
];

describe('stft', () => {
  it('gives for every hop the spectrum of the window that ends with it', () => {
    const out = runStage(stages, [chunkOf(0, signal)]);
    expect(out).toHaveLength(10);
    out.forEach((item, k) => {
      expect(item).toMatchObject({ kind: 'chunk', from: k * 160, to: (k + 1) * 160, rows: 1, width: 514 });
      expectClose(rowsOf([item]), frameOf(signal, k), 1e-5);
    });
  });

  it('sees zeros where a gap was', () => {
    const holed = signal.slice();
    holed.fill(0, 640, 960); // the two hops that the gap touches
    const frames = runStage(stages, stream).filter((item) => item.kind === 'chunk' && item.from === 960);
    expectClose(rowsOf(frames), frameOf(holed, 6), 1e-5);
  });

  it('starts anew after a reset', () => {
    const frames = runStage(stages, stream).filter((item) => item.kind === 'chunk' && item.from === 1300);
    expectClose(rowsOf(frames), frameOf(signal.slice(1300), 0), 1e-5);
  });

  it('hangs frames over the end when asked to', () => {
    const out = runStage([hops, stft({ ...options, tail: true })], [chunkOf(0, signal), markOf('end', 1600)]);
    const tail = out.filter((item) => item.kind === 'chunk' && item.from === item.to);
    expect(tail).toHaveLength(2);
    expectClose(rowsOf(tail.slice(0, 1)), frameOf(signal, 10), 1e-5);
    expectClose(rowsOf(tail.slice(1)), frameOf(signal, 11), 1e-5);
  });

  it('works without overlap and with a window as long as the transform', () => {
    const plain = stft({ windowRows: 160, hopRows: 160, fftSize: 160, window: 'sqrt-hann' });
    expect(rowsOf(runStage([hops, plain], [chunkOf(0, signal)]))).toHaveLength(10 * 162);
  });

  it('takes several hops of a chunk at once, to the bit', () => {
    const together = rehop({ hopRows: 160, width: 1, rateHz: 16000, hopsMax: 4 });
    const [one, many] = [runStage(stages, stream), runStage([together, stft(options)], stream)];
    expect(rowsOf(many)).toEqual(rowsOf(one));
    expect(many.length).toBeLessThan(one.length);
  });

  it('gives the same items for any chunking', () => expectChunkInvariant(stages, stream));
  it('resumes bitwise from a snapshot anywhere', () => expectResumable(stages, stream));
});
