// One channel of a linear time-invariant SSM by tables of `span` rows, as ssm-fft.ts runs it over many rows at once. Who fills the
// tables: ssm-diagonal-system.ts, s4-system.ts.

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
