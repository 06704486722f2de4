// One spectrum to one log-mel row, y_i = ln(sum_b w_ib |X_b|^2 + floor): in float64, or on the WebAssembly kernels in float32
// (within 3e-5 of the float64 row where energies are above the floor, found 1.4e-5 on speech). The filters: mel-bands.ts.

import { log } from '../../base/math.ts';
import { kernelMemory } from '../../kernel/wasm/memory.ts';
import type { Region } from '../../kernel/wasm/region.ts';
import { sharedRegion } from '../../kernel/wasm/shared-region.ts';
import type { Simd } from '../../kernel/wasm/simd.ts';
import { type Band, type MelOptions, melBands } from './mel-bands.ts';

export interface LogMelOptions extends MelOptions {
  /** Added to each band's energy before the logarithm. */
  readonly floor: number;
  /** The WebAssembly kernels, in float32: some seven times as fast. Absent: float64, rounded to float32 at the end. */
  readonly simd?: Simd | undefined;
}

export interface MelRows {
  /**
   * spectra [rows, fftSize / 2 + 1, 2] -> y [rows, bands]. Spectra in the kernel memory are read where they lie.
   * Cost per row: some 2 multiply-adds per bin (each bin lies in at most two bands) and one logarithm per band.
   */
  into(spectra: Float32Array, y: Float32Array, rows: number): void;
}

/** @throws ERR_MEMORY_FULL with `simd`, when the kernel memory has no room left */
export function melRows({ simd, ...options }: LogMelOptions): MelRows {
  if (!simd) return plainMelRows(options);
  const key = `log-mel ${simd.numerics} ${JSON.stringify(options)}`;
  return sharedRegion(key, (region) => nearMelRows(options, simd, region));
}

function nearMelRows(options: LogMelOptions, { kernels }: Simd, region: Region): MelRows {
  const { bands: width, floor } = options;
  const bins = options.fftSize / 2 + 1;
  const { buffer } = kernelMemory();
  const { bands, weights } = packBands(melBands(options), region);
  const power = region.floats(bins + 4);
  const away = region.floats(2 * bins);
  const [input, output] = [region.view(away, 2 * bins), region.floats(width)];
  const row = region.view(output, width);
  return {
    into(spectra, y, rows) {
      for (let t = 0; t < rows; t++) {
        const here = spectra.buffer === buffer;
        if (!here) input.set(rows === 1 ? spectra : spectra.subarray(2 * t * bins, 2 * (t + 1) * bins));
        const from = here ? spectra.byteOffset + 8 * t * bins : away;
        kernels.logMel(from, bands, weights, power, output, bins, width, floor, 1);
        for (let i = 0; i < width; i++) y[t * width + i] = row[i]!;
      }
    },
  };
}

/** Addresses of the bands as the kernel reads them: [ceil(bands / 4) * 4, 2] first bin and vectors, and all weights. */
function packBands(bands: readonly Band[], region: Region): { readonly bands: number; readonly weights: number } {
  const packed = Array.from({ length: Math.ceil(bands.length / 4) * 4 }, (_, i) => ({
    first: bands[i]?.first ?? 0,
    vectors: Math.ceil((bands[i]?.weights.length ?? 0) / 4),
  }));
  const address = region.floats(2 * packed.length);
  const words = new Int32Array(kernelMemory().buffer, address, 2 * packed.length);
  words.set(packed.flatMap(({ first, vectors }) => [first, vectors]));
  const weights = bands.flatMap((band) => [...band.weights, ...new Array<number>(-band.weights.length & 3).fill(0)]);
  return { bands: address, weights: region.keep(weights) };
}

function plainMelRows(options: LogMelOptions): MelRows {
  const { fftSize, bands: width, floor } = options;
  const bands = melBands(options);
  const bins = fftSize / 2 + 1;
  const power = new Float64Array(bins);
  return {
    into(spectra, y, rows) {
      for (let row = 0; row < rows; row++) {
        const at = row * 2 * bins;
        for (let bin = 0; bin < bins; bin++) {
          const re = spectra[at + 2 * bin]!;
          const im = spectra[at + 2 * bin + 1]!;
          power[bin] = re * re + im * im;
        }
        for (let i = 0; i < width; i++) {
          const { first, weights } = bands[i]!;
          let energy = 0;
          for (let k = 0; k < weights.length; k++) energy += weights[k]! * power[first + k]!;
          y[row * width + i] = log(energy + floor);
        }
      }
    },
  };
}
