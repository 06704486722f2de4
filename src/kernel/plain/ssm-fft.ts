// Many rows of one channel of a linear time-invariant SSM at once: s_t = A s_(t-1) + B u_t, y_t = C s_t. What u does to y is a
// convolution with K_l = C A^l B (by FFT); what the carried state does to y, and what u does to the state, go by tables of
// `span` rows. Not a step: s4d-step.ts, s4-step.ts. Tables: ssm-system.ts.

import { SSM_BLOCK_ROWS, type SsmSystem, ssmOutputs } from './ssm-system.ts';

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
