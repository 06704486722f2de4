// One spectrum back to its frame, weighted and added to the rows that wait: in float64, or on the WebAssembly kernels in
// float32 (within 1e-6 of full scale). The stage around it: istft.ts.
//
// y_n = sum_k w_n-k hop x'_k,n / sum_k w^2_n-k hop (Griffin and Lim 1984, eq. 6); the lower sum repeats every hop.

import { assert } from '../../base/assert.ts';
import { inverseRealFft, realFftPlan } from '../../kernel/plain/real-fft.ts';
import { isNearFftSize, nearRealFft } from '../../kernel/wasm/real-fft.ts';
import type { Region } from '../../kernel/wasm/region.ts';
import { sharedRegion } from '../../kernel/wasm/shared-region.ts';
import type { Simd } from '../../kernel/wasm/simd.ts';
import { type FrameOptions, spectrumWidth, windowOf } from '../frames.ts';

export interface Synthesis {
  /** sums [windowRows] += the frame of spectrum [fftSize / 2 + 1, 2], windowed and normalised. Allocates nothing. */
  add(spectrum: Float32Array, sums: Float32Array): void;
}

/** @throws ERR_MEMORY_FULL with `simd`, when the kernel memory has no room left */
export function synthesis(options: FrameOptions, simd?: Simd): Synthesis {
  const { windowRows, hopRows, fftSize, window } = options;
  const gain = synthesisGain(options);
  if (!simd || !isNearFftSize(fftSize)) return plainSynthesis(options, gain);
  const key = `synthesis ${simd.numerics} ${windowRows} ${hopRows} ${fftSize} ${window}`;
  return sharedRegion(key, (region) => nearSynthesis(options, gain, simd, region));
}

function nearSynthesis(
  { windowRows, fftSize }: FrameOptions,
  gain: Float64Array,
  simd: Simd,
  region: Region,
): Synthesis {
  const width = spectrumWidth(fftSize);
  const fft = nearRealFft(simd, region, fftSize);
  const [weights, spectrum, frame] = [region.keep(gain), region.floats(width), region.floats(fftSize)];
  const sums = region.floats(windowRows);
  const [input, rows] = [region.view(spectrum, width), region.view(sums, windowRows)];
  return {
    add(from, to) {
      input.set(from);
      fft.inverse(spectrum, frame);
      rows.set(to);
      simd.kernels.overlapAdd(frame, weights, sums, windowRows);
      to.set(rows);
    },
  };
}

function plainSynthesis({ windowRows, fftSize }: FrameOptions, gain: Float64Array): Synthesis {
  const plan = realFftPlan(fftSize);
  const spectrum = new Float64Array(spectrumWidth(fftSize));
  const frame = new Float64Array(fftSize);
  return {
    add(from, to) {
      spectrum.set(from);
      inverseRealFft(plan, spectrum, frame);
      for (let n = 0; n < windowRows; n++) to[n]! += frame[n]! * gain[n]!;
    },
  };
}

/** [windowRows] w_n / sum_k w^2_n-k hop: the synthesis window and the normalisation in one. */
function synthesisGain(options: FrameOptions): Float64Array {
  const { hopRows } = options;
  const window = windowOf(options);
  const norm = new Float64Array(hopRows);
  window.forEach((w, n) => {
    norm[n % hopRows]! += w * w;
  });
  // A hann window without overlap has a zero that no gain can undo.
  assert(
    norm.every((sum) => sum > 0.1),
    'istft needs windows that overlap by half or more',
  );
  return window.map((w, n) => w / norm[n % hopRows]!);
}
