// The WebAssembly kernels on the shapes of plain-kernels.ts, ready to be called.

import { seededRandom } from '../../cell/seeded-random.ts';
import { nearRealFft } from '../../kernel/wasm/real-fft.ts';
import { createRegion } from '../../kernel/wasm/region.ts';
import type { Simd } from '../../kernel/wasm/simd.ts';
import type { KernelEngine } from './kernel-list.ts';

const INNER = 128;
const D_STATE = 16;
const HEADS = 8;
const MIXED = INNER + 2 * D_STATE;
const TAPS = 4;
const WINDOW = 100;

export function simdKernels(simd: Simd): KernelEngine {
  const { kernels, numerics } = simd;
  const region = createRegion();
  const random = seededRandom(1);
  const values = (length: number, scale = 1): number =>
    region.keep(Float32Array.from({ length }, () => scale * random()));
  const engine: KernelEngine = {
    name: numerics,
    kernels: {
      'matvec 64x64': () => matmulOf(64, 64, 1),
      'matvec 280x64': () => matmulOf(280, 64, 1),
      'matvec 64x128': () => matmulOf(64, 128, 1),
      'matmul 280x64, 4 rows': () => matmulOf(280, 64, 4),
      'matmul 64x128, 4 rows': () => matmulOf(64, 128, 4),
      'ssd step 8x16x16': () => {
        const [h, x, B, C] = [values(INNER * D_STATE), values(INNER), values(D_STATE), values(D_STATE)];
        const dt = region.keep(Array.from({ length: HEADS }, (_, i) => 0.01 * (i + 1)));
        const [decay, rates, bias] = [
          region.floats(HEADS),
          region.keep([-1, -2, -3, -4, -5, -6, -7, -8]),
          values(HEADS),
        ];
        const [D, y, raw] = [values(HEADS), region.floats(INNER), values(HEADS)];
        return () => {
          kernels.ssdDt(raw, HEADS, bias, rates, 0, 1, dt, decay, HEADS, 1);
          kernels.ssdStep(h, dt, decay, x, B, C, MIXED, D, y, HEADS, INNER / HEADS, D_STATE, 1, 1);
        };
      },
      'conv 160x4': () => {
        const [state, x, y] = [region.floats(MIXED * (TAPS - 1)), values(MIXED), region.floats(MIXED)];
        const [weight, bias] = [values(MIXED * TAPS), values(MIXED)];
        return () => kernels.convStep(state, x, MIXED, weight, bias, y, MIXED, TAPS, 1);
      },
      'rms norm 64': () => {
        const [x, weight, y] = [values(64), values(64), region.floats(64)];
        return () => kernels.rmsNorm(x, weight, y, 64, 1e-5, 1);
      },
      'silu 160': () => {
        const [x, y] = [values(MIXED, 4), region.floats(MIXED)];
        return () => kernels.siluInto(x, y, MIXED);
      },
      'attention ring 100x64': () => {
        const [q, k, v] = [values(64), values(WINDOW * 64), values(WINDOW * 64)];
        // Positions are float64: twice as many float32 values.
        const rows = region.floats(2 * WINDOW);
        new Float64Array(region.view(rows, 2 * WINDOW).buffer, rows, WINDOW).set(
          Array.from({ length: WINDOW }, (_, i) => i),
        );
        const [scratch, y] = [region.floats(2 * WINDOW), region.floats(64)];
        return () => kernels.attendRow(q, k, v, rows, 0, WINDOW - 1, WINDOW, scratch, y, 4, 4, 16);
      },
      'real fft 512': () => {
        const fft = nearRealFft(simd, region, 512);
        const [x, spectrum] = [values(512), region.floats(514)];
        return () => fft.forward(x, spectrum);
      },
      'multiply-add peak': () => {
        const y = values(4);
        return () => kernels.multiplyAddPeak(y, PEAK_ROUNDS);
      },
    },
  };
  region.livesWith(engine);
  return engine;

  function matmulOf(m: number, k: number, rows: number): () => void {
    const weight = Float32Array.from({ length: m * k }, random);
    const { w, bias } = region.matrix(weight, m, k);
    const [x, y] = [values(rows * k), region.floats(rows * m)];
    return () => kernels.matmul(w, bias, x, y, m, k, rows);
  }
}

const PEAK_ROUNDS = 1000;
