// The triangular filters of log-mel, stored sparsely: each band's first bin and its weights from there on.

import { assert } from '../../base/assert.ts';
import { log10, pow10 } from '../../base/math.ts';

export interface MelOptions {
  readonly sampleRateHz: number;
  readonly fftSize: number;
  readonly bands: number;
  /** Lower edge of the first band and upper edge of the last. */
  readonly lowHz: number;
  readonly highHz: number;
}

export interface Band {
  /** First bin with a weight above 0. */
  readonly first: number;
  readonly weights: Float64Array;
}

/** HTK mel scale. */
const toMel = (hz: number): number => 2595 * log10(1 + hz / 700);
const toHz = (mel: number): number => 700 * (pow10(mel / 2595) - 1);

/** Band i rises from edge i to 1 at edge i + 1 and falls to 0 at edge i + 2; the bands + 2 edges lie evenly in mel. */
export function melBands({ sampleRateHz, fftSize, bands, lowHz, highHz }: MelOptions): readonly Band[] {
  assert(bands >= 1 && lowHz >= 0 && lowHz < highHz, 'log-mel needs bands >= 1 and lowHz < highHz');
  assert(highHz <= sampleRateHz / 2, 'log-mel needs highHz up to half the sample rate');
  const lowMel = toMel(lowHz);
  const stepMel = (toMel(highHz) - lowMel) / (bands + 1);
  const edges = Array.from({ length: bands + 2 }, (_, i) => toHz(lowMel + i * stepMel));
  return Array.from({ length: bands }, (_, i) => {
    const [low, middle, high] = [edges[i]!, edges[i + 1]!, edges[i + 2]!];
    const weights = Array.from({ length: fftSize / 2 + 1 }, (_, bin) => {
      const hz = (bin * sampleRateHz) / fftSize;
      return Math.max(0, Math.min((hz - low) / (middle - low), (high - hz) / (high - middle)));
    });
    const first = Math.max(
      0,
      weights.findIndex((weight) => weight > 0),
    );
    const last = weights.findLastIndex((weight) => weight > 0);
    return { first, weights: Float64Array.from(weights.slice(first, last + 1)) };
  });
}
