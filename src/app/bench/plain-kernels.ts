// The plain kernels of what the shipped models run, each on inputs of its own, ready to be called. Sizes: a Mamba-2 layer 64
// wide (N = 16, expand 2, heads of 16), an attention layer 64 wide with a window of 100 rows, a spectrum of 512 rows.

import { seededRandom } from '../../cell/seeded-random.ts';
import { attendRing } from '../../kernel/plain/attention-ring.ts';
import { causalConvStep } from '../../kernel/plain/causal-conv.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import { realFft, realFftPlan } from '../../kernel/plain/real-fft.ts';
import { rmsNorm } from '../../kernel/plain/rms-norm.ts';
import { siluInto } from '../../kernel/plain/silu-into.ts';
import { ssdStep } from '../../kernel/plain/ssd-step.ts';
import type { KernelEngine } from './kernel-list.ts';

const WIDTH = 64;
const INNER = 128;
const D_STATE = 16;
const HEADS = 8;
const MIXED = INNER + 2 * D_STATE;
const TAPS = 4;
const WINDOW = 100;
const FFT_SIZE = 512;

const random = seededRandom(1);
const values = (length: number, scale = 1): Float32Array => Float32Array.from({ length }, () => scale * random());

function matvecOf(m: number, k: number): () => void {
  const [w, x, y] = [values(m * k), values(k), new Float32Array(m)];
  return () => matvec(w, x, y, m, k);
}

function fourRows(m: number, k: number): () => void {
  const rows = Array.from({ length: 4 }, () => matvecOf(m, k));
  return () => {
    for (const row of rows) row();
  };
}

export const PLAIN_KERNELS: KernelEngine = {
  name: 'plain',
  kernels: {
    'matvec 64x64': () => matvecOf(64, 64),
    'matvec 280x64': () => matvecOf(280, 64),
    'matvec 64x128': () => matvecOf(64, 128),
    'matmul 280x64, 4 rows': () => fourRows(280, 64),
    'matmul 64x128, 4 rows': () => fourRows(64, 128),
    'ssd step 8x16x16': () => {
      const sizes = { heads: HEADS, headDim: INNER / HEADS, dState: D_STATE, groups: 1 };
      const [h, x, B, C] = [values(INNER * D_STATE), values(INNER), values(D_STATE), values(D_STATE)];
      const dt = Float64Array.from({ length: HEADS }, (_, i) => 0.01 * (i + 1));
      const A = Float64Array.from({ length: HEADS }, (_, i) => -(i + 1));
      const [D, y] = [values(HEADS), new Float32Array(INNER)];
      return () => ssdStep(h, dt, A, x, B, C, D, y, sizes);
    },
    'conv 160x4': () => {
      const [state, x, y] = [new Float32Array(MIXED * (TAPS - 1)), values(MIXED), new Float32Array(MIXED)];
      const [weight, bias] = [values(MIXED * TAPS), values(MIXED)];
      return () => causalConvStep(state, x, weight, bias, y, MIXED, TAPS);
    },
    'rms norm 64': () => {
      const [x, weight, y] = [values(WIDTH), values(WIDTH), new Float32Array(WIDTH)];
      return () => rmsNorm(x, weight, 1e-5, y);
    },
    'silu 160': () => {
      const [x, y] = [values(MIXED, 4), new Float32Array(MIXED)];
      return () => siluInto(x, y);
    },
    'attention ring 100x64': () => {
      const sizes = { heads: 4, kvHeads: 4, headDim: WIDTH / 4 };
      const [q, k, v] = [values(WIDTH), values(WINDOW * WIDTH), values(WINDOW * WIDTH)];
      const rows = Float64Array.from({ length: WINDOW }, (_, slot) => slot);
      const [scores, y] = [new Float64Array(WINDOW), new Float32Array(WIDTH)];
      return () => attendRing(q, k, v, rows, WINDOW - 1, scores, y, sizes);
    },
    'real fft 512': () => {
      const plan = realFftPlan(FFT_SIZE);
      const x = Float64Array.from({ length: FFT_SIZE }, random);
      const spectrum = new Float64Array(FFT_SIZE + 2);
      return () => realFft(plan, x, spectrum);
    },
  },
};
