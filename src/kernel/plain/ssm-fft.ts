// Many rows of one channel of a linear time-invariant SSM at once: s_t = A s_(t-1) + B u_t, y_t = C s_t. What u does to y is a
// convolution with K_l = C A^l B (by FFT); what the carried state does to y, and what u does to the state, go by tables of
// `span` rows. Not a step: s4d-step.ts, s4-step.ts. Systems: ssm-diagonal-system.ts, s4-system.ts.

import type { CausalConvolver } from './fft-convolve.ts';

/** One channel in real numbers: a complex mode is two of them, all real parts before all imaginary parts. */
export interface SsmSystem {
  /** Real numbers of state. */
  readonly size: number;
  /** Rows that the tables cover, a multiple of 4. */
  readonly span: number;
  /** [span, size] A^(span - 1 - q) B: what row q of a span leaves in the state at its end. */
  readonly inputs: Float64Array;
  /** [span, size] C A^(q + 1): what the state before a span gives to its row q. */
  readonly outputs: Float64Array;
  /** s <- A s + B u. */
  step(s: Float64Array, u: number): void;
  /** s <- A^span s. */
  advance(s: Float64Array): void;
  /** u -> K * u, up to SSM_BLOCK_ROWS rows. */
  readonly convolve: CausalConvolver;
}

/** Rows per FFT: longer blocks cost memory (16 bytes a tap and channel) and save little, as log2 of it. */
export const SSM_BLOCK_ROWS = 1024;

/** y_t += C A^(t + 1) s. @param s [size] - mutated, of no further use */
export function ssmOutputs(system: SsmSystem, s: Float64Array, y: Float64Array, from: number, to: number): void {
  const { size, span, outputs } = system;
  for (let base = from; base < to; base += span) {
    const here = Math.min(span, to - base);
    for (let q = 0; q < here; q += 4) {
      // Four rows side by side: one chain of additions waits for itself, four do not. Rows past `here` are not stored.
      const row = q * size;
      let [a, b, c, d] = [0, 0, 0, 0];
      for (let i = row; i < row + size; i++) {
        const value = s[i - row]!;
        a += outputs[i]! * value;
        b += outputs[i + size]! * value;
        c += outputs[i + 2 * size]! * value;
        d += outputs[i + 3 * size]! * value;
      }
      y[base + q]! += a;
      if (q + 1 < here) y[base + q + 1]! += b;
      if (q + 2 < here) y[base + q + 2]! += c;
      if (q + 3 < here) y[base + q + 3]! += d;
    }
    system.advance(s);
  }
}

/** s <- A^rows s + sum_t A^(rows - 1 - t) B u_t, over u[from, to). */
function ssmMove(system: SsmSystem, s: Float64Array, u: Float64Array, from: number, to: number): void {
  const { size, span, inputs } = system;
  let base = from;
  for (; base + span <= to; base += span) {
    system.advance(s);
    for (let q = 0; q < span; q += 4) {
      const [a, b, c, d] = [u[base + q]!, u[base + q + 1]!, u[base + q + 2]!, u[base + q + 3]!];
      for (let i = 0, k = q * size; i < size; i++, k++) {
        const sum = inputs[k]! * a + inputs[k + size]! * b + inputs[k + 2 * size]! * c + inputs[k + 3 * size]! * d;
        s[i] = s[i]! + sum;
      }
    }
  }
  for (; base < to; base++) system.step(s, u[base]!);
}

/**
 * y_t = C s_t for the rows of u, from the state at [at, at + size / 2) of hRe and hIm, which moves on.
 * @param u, y [rows] f64, not one array   @param hRe, hIm f32 - mutated
 * Cost per row: 2 size multiply-adds (1 size from a zero state) + two FFTs of 2 * SSM_BLOCK_ROWS per SSM_BLOCK_ROWS rows.
 */
export function ssmFftScan(
  system: SsmSystem,
  hRe: Float32Array,
  hIm: Float32Array,
  at: number,
  u: Float64Array,
  y: Float64Array,
  rows: number,
): void {
  const modes = system.size / 2;
  const s = new Float64Array(system.size);
  for (let n = 0; n < modes; n++) {
    s[n] = hRe[at + n]!;
    s[modes + n] = hIm[at + n]!;
  }
  for (let from = 0; from < rows; from += SSM_BLOCK_ROWS) {
    const to = Math.min(rows, from + SSM_BLOCK_ROWS);
    system.convolve(u.subarray(from, to), y.subarray(from, to), to - from);
    if (s.some((value) => value !== 0)) ssmOutputs(system, s.slice(), y, from, to);
    ssmMove(system, s, u, from, to);
  }
  for (let n = 0; n < modes; n++) {
    hRe[at + n] = s[n]!;
    hIm[at + n] = s[modes + n]!;
  }
}
