import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { chunkOf, gapOf, markOf, noise, rowsOf, seeded } from '../../../test/helpers/items.ts';
import { expectChunkInvariant, expectResumable, runStage } from '../../../test/helpers/run-stage.ts';
import { parseSafetensors } from '../../weights/safetensors.ts';
import { concealGap } from '../conceal-gap/conceal-gap.ts';
import { rehop } from '../rehop/rehop.ts';
import { resample } from '../resample/resample.ts';
import { stft } from '../stft/stft.ts';
import { logMel } from './log-mel.ts';
import { melBands } from './mel-bands.ts';

const options = { sampleRateHz: 16000, fftSize: 512, bands: 40, lowHz: 20, highHz: 8000, floor: 1e-6 };
const frontEnd = [
  rehop({ hopRows: 160, width: 1, rateHz: 16000 }),
  stft({ windowRows: 400, hopRows: 160, fftSize: 512, window: 'hann' }),
  logMel(options),
];

/** The filters as train/features.py makes them, dense [bands][bins]. */
function denseFilters(): number[][] {
  const mel = (hz: number) => 2595 * Math.log10(1 + hz / 700);
  const edges = Array.from({ length: 42 }, (_, i) => mel(20) + ((mel(8000) - mel(20)) * i) / 41).map(
    (m) => 700 * (10 ** (m / 2595) - 1),
  );
  return Array.from({ length: 40 }, (_, i) =>
    Array.from({ length: 257 }, (_, bin) => {
      const hz = (bin * 16000) / 512;
      const up = (hz - edges[i]!) / (edges[i + 1]! - edges[i]!);
      const down = (edges[i + 2]! - hz) / (edges[i + 2]! - edges[i + 1]!);
      return Math.max(0, Math.min(up, down));
    }),
  );
}

function worst(a: Float32Array, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return a.reduce((max, value, k) => Math.max(max, Math.abs(value - b[k]!)), 0);
}

describe('logMel', () => {
  it('has the filters of the formula', () => {
    const bands = melBands(options);
    denseFilters().forEach((weights, i) => {
      const { first, weights: sparse } = bands[i]!;
      for (const [bin, weight] of weights.entries()) expect(sparse[bin - first] ?? 0).toBeCloseTo(weight, 9);
    });
  });

  it('gives the logarithm of each band of the power, row by row', () => {
    const spectra = noise(3 * 514, seeded(2));
    const [out] = runStage(logMel(options), [{ ...chunkOf(0, spectra, 514), to: 480 }]);
    expect(out).toMatchObject({ kind: 'chunk', from: 0, to: 480, rows: 3, width: 40 });
    const expected = [0, 1, 2].flatMap((row) =>
      denseFilters().map((weights) =>
        Math.log(
          weights.reduce((sum, weight, bin) => {
            const [re, im] = [spectra[row * 514 + 2 * bin]!, spectra[row * 514 + 2 * bin + 1]!];
            return sum + weight * (re * re + im * im);
          }, 1e-6),
        ),
      ),
    );
    expect(worst(rowsOf([out!]), expected)).toBeLessThan(1e-6);
  });

  it('gives the floor in silence', () => {
    const rows = rowsOf(runStage(frontEnd, [chunkOf(0, new Float32Array(160))]));
    expect(new Set(rows)).toEqual(new Set([Math.fround(Math.log(1e-6))]));
  });

  // The file beside the model was written by the training side: the audio it heard and the features it saw.
  it('equals the features that the model was trained on', () => {
    const golden = parseSafetensors(
      readFileSync(new URL('../../../models/vad-ssm/golden.safetensors', import.meta.url)),
    );
    const audio = golden.get('in.audio')!.data as Float32Array;
    const features = golden.get('out.features')!.data as Float32Array;
    const rows = rowsOf(runStage(frontEnd, [chunkOf(0, audio)]));
    // Low bands of loud frames are small differences of float32 spectra there: numpy's own float32 path is 1.1e-5 away.
    expect(worst(rows, features)).toBeLessThan(1e-5);
  });

  const audio = noise(2000, seeded(9));
  const stream = [
    chunkOf(0, audio.subarray(0, 900)),
    gapOf(900, 1200),
    chunkOf(1200, audio.subarray(1200)),
    markOf('end', 2000),
  ];
  it('gives the same items for any chunking, behind rehop and stft', () => expectChunkInvariant(frontEnd, stream));
  it('resumes bitwise from a snapshot anywhere', () => expectResumable(frontEnd, stream, { runs: 50 }));

  it('gives the same items for any chunking of 44.1 kHz sound, behind resample and conceal-gap, too', () => {
    const stages = [
      resample({ fromHz: 44100, toHz: 16000, width: 1 }),
      concealGap({ maxRows: 100, width: 1 }),
      ...frontEnd,
    ];
    const sound = noise(6000, seeded(10));
    const items = [
      chunkOf(0, sound.subarray(0, 2500), 1, 44100),
      gapOf(2500, 2600, 'lost', 44100),
      chunkOf(2600, sound.subarray(2600, 4000), 1, 44100),
      gapOf(4000, 5000, 'shed', 44100),
      chunkOf(5000, sound.subarray(5000), 1, 44100),
      markOf('end', 6000, 44100),
    ];
    const kinds = runStage(stages, items).map((item) => item.kind);
    expect(new Set(kinds)).toEqual(new Set(['chunk', 'detection', 'gap', 'mark']));
    expectChunkInvariant(stages, items, { rateHz: 44100, runs: 100 });
    expectResumable(stages, items, { rateHz: 44100, runs: 50 });
  });

  it('refuses spectra of another size, and bands above half the sample rate', () => {
    expect(() => runStage(logMel(options), [chunkOf(0, new Float32Array(322), 322)])).toThrow(/fftSize/);
    expect(() => logMel({ ...options, highHz: 9000 })).toThrow(/half the sample rate/);
  });
});
