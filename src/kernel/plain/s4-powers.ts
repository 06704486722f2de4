// Powers of an S4 step for long gaps. A_bar^64 is a dense matrix (N^2 numbers); its squares are made when a gap first needs them
// and kept, until nothing of a state is left. Float64.

import type { S4Coefficients } from './s4-coefficients.ts';
import { denseApply, denseProduct, s4Dense } from './s4-dense.ts';
import { s4Move } from './s4-step.ts';

/** Rows of the first power. */
export const S4_SPAN = 64;

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
      if (made.length === 0) made.push([1, 2, 3, 4, 5, 6].reduce(square, dense)); // 2^6 = S4_SPAN
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
  for (let left = rows % S4_SPAN; left > 0; left--) s4Move(c, channel, s, 0, s, c.modes, 0);
  let spans = Math.floor(rows / S4_SPAN);
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
