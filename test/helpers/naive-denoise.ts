// The denoiser from its equations, in float64 and with no thought of speed or of streams: transforms by their definition, the
// level as a sum over the whole past, a filter that looks up old spectra. What pipelines/denoise.ts is compared with.

import type { Cell } from '../../src/cell/cell.ts';
import { makeState } from '../../src/cell/state.ts';
import { FRONTEND } from './denoise-model.ts';

const { hop: HOP, window_length: WIN, bins: BINS } = FRONTEND;
const { level_keep: KEEP, level_floor: LEVEL_FLOOR, power_floor: POWER_FLOOR, compression: SQUEEZE } = FRONTEND;
const [TAPS, SPAN] = [3, 2];

type Spectrum = { re: number[]; im: number[] };
const window_ = (n: number): number => Math.sqrt(0.5 - 0.5 * Math.cos((2 * Math.PI * n) / WIN));
const COS = Array.from({ length: WIN }, (_, t) => Math.cos((2 * Math.PI * t) / WIN));
const SIN = Array.from({ length: WIN }, (_, t) => Math.sin((2 * Math.PI * t) / WIN));

/** Spectra of hops 0 .. hops - 1; hop t sees samples [(t - 1) * 160, (t + 1) * 160), zeros outside. */
export function naiveSpectra(audio: ArrayLike<number>, hops: number): Spectrum[] {
  return Array.from({ length: hops }, (_, t) => {
    const frame = Array.from({ length: WIN }, (_, n) => (audio[(t - 1) * HOP + n] ?? 0) * window_(n));
    const sum = (table: number[], k: number): number => frame.reduce((s, x, n) => s + x * table[(k * n) % WIN]!, 0);
    const bins = Array.from({ length: BINS }, (_, k) => k);
    return { re: bins.map((k) => sum(COS, k)), im: bins.map((k) => -sum(SIN, k)) };
  });
}

/** Rows [hops][161 + 2 phaseBins]. */
export function naiveFeatures(spectra: readonly Spectrum[], phaseBins: number): number[][] {
  const means = spectra.map(({ re, im }) => re.reduce((s, x, k) => s + x * x + im[k]! * im[k]!, 0) / BINS);
  return spectra.map(({ re, im }, t) => {
    let [m, c] = [0, 0];
    for (let i = 0; i <= t; i++) {
      m += KEEP ** (t - i) * means[i]!;
      c += KEEP ** (t - i);
    }
    const level = m / c + LEVEL_FLOOR;
    const power = re.map((x, k) => (x * x + im[k]! * im[k]!) / level + POWER_FLOOR);
    const squeezed = (part: number[]): number[] =>
      part.slice(0, phaseBins).map((x, k) => (x / Math.sqrt(level)) * power[k]! ** ((SQUEEZE - 1) / 2));
    return [...power.map(Math.log), ...squeezed(re), ...squeezed(im)];
  });
}

/** Gain and filter; `shares` [hops][161 + 6 filtered + 1] are behind the sigmoid. */
export function naiveApply(spectra: readonly Spectrum[], shares: readonly number[][], filtered: number): Spectrum[] {
  return spectra.map(({ re, im }, t) => {
    const row = shares[t]!;
    const out = { re: re.map((x, k) => row[k]! * x), im: im.map((x, k) => row[k]! * x) };
    for (let tap = 0; tap < Math.min(TAPS, t + 1); tap++) {
      for (let k = 0; k < filtered; k++) {
        const a = 2 * SPAN * row[BINS + tap * filtered + k]! - SPAN;
        const c = 2 * SPAN * row[BINS + (TAPS + tap) * filtered + k]! - SPAN;
        const past = spectra[t - tap]!;
        out.re[k]! += a * past.re[k]! - c * past.im[k]!;
        out.im[k]! += a * past.im[k]! + c * past.re[k]!;
      }
    }
    return out;
  });
}

/** The first `rows` samples: hop t completes those of hop t - 1. */
export function naiveSynthesis(spectra: readonly Spectrum[], rows: number): number[] {
  const out = new Array<number>((spectra.length + 1) * HOP).fill(0);
  spectra.forEach(({ re, im }, t) => {
    for (let n = 0; n < WIN; n++) {
      let sum = re[0]! + (n % 2 === 0 ? 1 : -1) * re[BINS - 1]!;
      for (let k = 1; k < BINS - 1; k++) sum += 2 * (re[k]! * COS[(k * n) % WIN]! - im[k]! * SIN[(k * n) % WIN]!);
      out[t * HOP + n]! += (sum / WIN) * window_(n);
    }
  });
  return out.slice(HOP, HOP + rows); // index 0 lies one hop before the stream
}

/** Samples -> cleaned samples and probabilities of speech. @param cell the stack, whose last value is behind a sigmoid */
export function naiveDenoise(audio: ArrayLike<number>, cell: Cell, phaseBins: number, filtered: number) {
  const hops = Math.ceil(audio.length / HOP);
  const spectra = naiveSpectra(audio, hops + 1);
  const state = makeState(cell.layout);
  cell.init(state);
  const shares = naiveFeatures(spectra, phaseBins).map((row) => {
    const y = new Float32Array(cell.dOut);
    cell.step(state, Float32Array.from(row), y);
    return [...y];
  });
  const audioOut = naiveSynthesis(naiveApply(spectra, shares, filtered), audio.length);
  return { audio: audioOut, speech: shares.slice(0, hops).map((row) => row.at(-1)!) };
}
