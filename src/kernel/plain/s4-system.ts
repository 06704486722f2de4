// One channel of S4 as ssm-fft.ts wants it: tables of 64 rows by O(N) steps and by the dense step, taps by Cauchy sums
// (s4-taps.ts). Float64, made at the first call of the form.

import { causalConvolver, type FftWorkspaces } from './fft-convolve.ts';
import type { S4Coefficients } from './s4-coefficients.ts';
import { denseApply, denseRow, denseRowPower } from './s4-dense.ts';
import { S4_SPAN, type S4Powers } from './s4-powers.ts';
import { s4Move } from './s4-step.ts';
import { s4Taps } from './s4-taps.ts';
import { SSM_BLOCK_ROWS, type SsmSystem } from './ssm-system.ts';

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
  const inputs = new Float64Array(S4_SPAN * size);
  const outputs = new Float64Array(S4_SPAN * size);
  const s = new Float64Array(size);
  let out = row;
  for (let q = 0; q < S4_SPAN; q++) {
    s4Move(c, channel, s, 0, s, modes, q === 0 ? 1 : 0);
    inputs.set(s, (S4_SPAN - 1 - q) * size);
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
    span: S4_SPAN,
    inputs,
    outputs,
    step: (state, u) => s4Move(c, channel, state, 0, state, modes, u),
    advance: (state) => denseApply(span, state, scratch),
    convolve: causalConvolver(taps, workspaces),
  };
}
