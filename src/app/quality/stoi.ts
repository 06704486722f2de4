// Short-time objective intelligibility (Taal, Hendriks, Heusdens & Jensen 2011, "An algorithm for intelligibility prediction of
// time-frequency weighted noisy speech", IEEE TASLP 19(7)): at 10 kHz, without the frames where the clean signal is silent,
// the correlation of 384 ms stretches of 15 third-octave envelopes. Frames are counted as the authors' own code counts them.

import { exp, log10 } from '../../base/math.ts';
import { realFft, realFftPlan } from '../../kernel/plain/real-fft.ts';
import { hanning, octaveResample } from './octave-resample.ts';

const RATE_HZ = 10_000;
const FRAME_ROWS = 256;
const HOP_ROWS = 128;
const FFT_SIZE = 512;
const BANDS = 15;
const LOWEST_HZ = 150;
/** Frames of a stretch: 384 ms. */
const STRETCH = 30;
/** Frames this far below the loudest are silent. */
const RANGE_DB = 40;
/** An envelope may be 15 dB above the clean one, no more: 1 + 10^(15 / 20). */
const CLIP = 1 + 5.623413251903491;
const TINY = 2 ** -52;

/** clean, estimate [n] at rateHz -> at most 1. NaN where less than a stretch of the clean signal is not silent. */
export function stoi(clean: Float32Array, estimate: Float32Array, rateHz: number): number {
  const [x, y] = withoutSilence(octaveResample(clean, rateHz, RATE_HZ), octaveResample(estimate, rateHz, RATE_HZ));
  const [cleanBands, bands] = [thirdOctaves(x), thirdOctaves(y)];
  const stretches = cleanBands.length / BANDS - STRETCH + 1;
  if (!(stretches > 0)) return Number.NaN;
  let sum = 0;
  for (let from = 0; from < stretches; from++) {
    for (let band = 0; band < BANDS; band++) sum += stretchCorrelation(cleanBands, bands, from, band);
  }
  return sum / (stretches * BANDS);
}

/** Frames of both where the clean signal is within RANGE_DB of its loudest frame, overlap-added one after the other. */
function withoutSilence(clean: Float64Array, estimate: Float64Array): [Float64Array, Float64Array] {
  const window = hanning(FRAME_ROWS);
  const levels: number[] = [];
  for (let from = 0; from < clean.length - FRAME_ROWS; from += HOP_ROWS) {
    let energy = 0;
    for (let i = 0; i < FRAME_ROWS; i++) energy += window[i]! * clean[from + i]! * (window[i]! * clean[from + i]!);
    levels.push(energy > 0 ? 20 * log10(Math.sqrt(energy) + TINY) : -Infinity);
  }
  const floor = levels.reduce((most, level) => Math.max(most, level), -Infinity) - RANGE_DB;
  const kept = levels.flatMap((level, frame) => (level > floor ? [frame] : []));
  const rows = kept.length === 0 ? 0 : (kept.length - 1) * HOP_ROWS + FRAME_ROWS;
  const parts = [new Float64Array(rows), new Float64Array(rows)] as [Float64Array, Float64Array];
  for (const [to, frame] of kept.entries()) {
    for (let i = 0; i < FRAME_ROWS; i++) {
      parts[0][to * HOP_ROWS + i]! += window[i]! * clean[frame * HOP_ROWS + i]!;
      parts[1][to * HOP_ROWS + i]! += window[i]! * estimate[frame * HOP_ROWS + i]!;
    }
  }
  return parts;
}

/** [frames, BANDS] magnitudes (equation 1). */
function thirdOctaves(samples: Float64Array): Float64Array {
  const plan = realFftPlan(FFT_SIZE);
  const window = hanning(FRAME_ROWS);
  const edges = Array.from({ length: BANDS }, (_, band) => [edgeBin(2 * band - 1), edgeBin(2 * band + 1)] as const);
  const frames = Math.max(0, Math.ceil((samples.length - FRAME_ROWS) / HOP_ROWS));
  const out = new Float64Array(frames * BANDS);
  const padded = new Float64Array(FFT_SIZE);
  const spectrum = new Float64Array(FFT_SIZE + 2);
  for (let frame = 0; frame < frames; frame++) {
    for (let i = 0; i < FRAME_ROWS; i++) padded[i] = window[i]! * samples[frame * HOP_ROWS + i]!;
    realFft(plan, padded, spectrum);
    for (const [band, [low, high]] of edges.entries()) {
      let power = 0;
      for (let i = 2 * low; i < 2 * high; i++) power += spectrum[i]! * spectrum[i]!;
      out[frame * BANDS + band] = Math.sqrt(power);
    }
  }
  return out;
}

/** The bin nearest to LOWEST_HZ * 2^(sixths / 6). */
const edgeBin = (sixths: number): number => Math.round((LOWEST_HZ * exp((sixths / 6) * Math.LN2) * FFT_SIZE) / RATE_HZ);

/** Equations 3 to 5 for one band and the stretch that begins at frame `from`. */
function stretchCorrelation(clean: Float64Array, estimate: Float64Array, from: number, band: number): number {
  const x = new Float64Array(STRETCH);
  const y = new Float64Array(STRETCH);
  let [cleanEnergy, energy] = [0, 0];
  for (let m = 0; m < STRETCH; m++) {
    const at = (from + m) * BANDS + band;
    x[m] = clean[at]!;
    y[m] = estimate[at]!;
    cleanEnergy += x[m]! * x[m]!;
    energy += y[m]! * y[m]!;
  }
  const gain = Math.sqrt(cleanEnergy) / (Math.sqrt(energy) + TINY);
  for (let m = 0; m < STRETCH; m++) y[m] = Math.min(gain * y[m]!, CLIP * x[m]!);
  const [meanX, meanY] = [mean(x), mean(y)];
  let [xy, xx, yy] = [0, 0, 0];
  for (let m = 0; m < STRETCH; m++) {
    const [dx, dy] = [x[m]! - meanX, y[m]! - meanY];
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  return xy / (Math.sqrt(xx * yy) + TINY);
}

const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
