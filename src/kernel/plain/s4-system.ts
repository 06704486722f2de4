// One channel of S4 as ssm-fft.ts wants it, and powers of its step for long gaps. A_bar^64 is a dense matrix (N^2 numbers); its
// squares are made when a gap first needs them and kept. The taps come from Cauchy sums (s4-taps.ts). Float64.

import { causalConvolver, type FftWorkspaces } from './fft-convolve.ts';
import { denseApply, denseProduct, denseRow, denseRowPower, s4Dense } from './s4-dense.ts';
import { type S4Coefficients, s4Move } from './s4-step.ts';
import { s4Taps } from './s4-taps.ts';
import { SSM_BLOCK_ROWS, type SsmSystem } from './ssm-fft.ts';

const SPAN = 64;

export interface S4Powers {
  /** A_bar, [N, N]. */
  readonly dense: Float64Array;
  /** A_bar^(64 * 2^k), [N, N]; undefined: nothing is left of any state after so many rows. */
  at(k: number): Float64Array | undefined;
}

export function s4Powers(c: S4Coefficients, channel: number): S4Powers {
  const size = 2 * c.modes;
  const dense = s4Dense(c, channel);
  const square = (m: Float64Array): Float64Array => denseProduct(m, m, size);
  const made: Float64Array[] = [];
  return {
    dense,
    at(k) {
      if (made.length === 0) made.push([1, 2, 3, 4, 5, 6].reduce(square, dense)); // 2^6 = SPAN
      while (made.length <= k && alive(made.at(-1)!)) made.push(square(made.at(-1)!));
      return alive(made.at(-1)!) || k < made.length - 1 ? made[k] : undefined;
    },
  };
}

/** Below 1e-40 nothing reaches the smallest float32 from states of any sensible size. */
const alive = (m: Float64Array): boolean => m.some((value) => Math.abs(value) > 1e-40);

/** s <- A_bar^rows s, s [N] = [Re x, Im x]. Up to 63 single steps, then one product per bit of rows / 64. */
export function s4Decay(
  c: S4Coefficients,
  channel: number,
  powers: S4Powers,
  s: Float64Array,
  rows: number,
  scratch: Float64Array,
): void {
  for (let left = rows % SPAN; left > 0; left--) s4Move(c, channel, s, 0, s, c.modes, 0);
  let spans = Math.floor(rows / SPAN);
  for (let k = 0; spans > 0; k++) {
    if (spans % 2 === 1) {
      const power = powers.at(k);
      if (!power) {
        s.fill(0);
        return;
      }
      denseApply(power, s, scratch);
    }
    spans = Math.floor(spans / 2);
  }
}

/** @param row [N] y = row . [Re x, Im x] */
export function s4System(
  c: S4Coefficients,
  channel: number,
  row: Float64Array,
  powers: S4Powers,
  workspaces: FftWorkspaces,
): SsmSystem {
  const { modes } = c;
  const size = 2 * modes;
  const inputs = new Float64Array(SPAN * size);
  const outputs = new Float64Array(SPAN * size);
  const s = new Float64Array(size);
  let out = row;
  for (let q = 0; q < SPAN; q++) {
    s4Move(c, channel, s, 0, s, modes, q === 0 ? 1 : 0);
    inputs.set(s, (SPAN - 1 - q) * size);
    out = denseRow(out, powers.dense);
    outputs.set(out, q * size);
  }
  const span = powers.at(0) ?? new Float64Array(size * size);
  const scratch = new Float64Array(size);
  const cut = denseRowPower(row, powers.dense, SSM_BLOCK_ROWS);
  const stored = row.map((value, i) => value - cut[i]!); // C~: without it the kernel's tail wraps onto its start
  const taps = s4Taps(c, channel, stored, workspaces(SSM_BLOCK_ROWS).plan);
  return {
    size,
    span: SPAN,
    inputs,
    outputs,
    step: (state, u) => s4Move(c, channel, state, 0, state, modes, u),
    advance: (state) => denseApply(span, state, scratch),
    convolve: causalConvolver(taps, workspaces),
  };
}
