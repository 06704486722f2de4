// One channel of a diagonal SSM (S4D, the long memory of H3) as ssm-fft.ts wants it: tables of powers of a, and the taps
// K_l = 2 Re(sum_n C_n a_n^l b_n). Modes come one of each conjugate pair, hence the 2. Float64, built once per cell.

import { causalConvolver, type FftWorkspaces } from './fft-convolve.ts';
import type { S4dTransition } from './s4d-discretise.ts';
import { SSM_BLOCK_ROWS, type SsmSystem, ssmOutputs } from './ssm-system.ts';

const SPAN = 16;

/** Modes [at, at + modes) of a transition. @param CRe, CIm [.., modes] f32, read at the same places */
export function diagonalSystem(
  { aRe, aIm, bRe, bIm }: S4dTransition,
  CRe: Float32Array,
  CIm: Float32Array,
  at: number,
  modes: number,
  workspaces: FftWorkspaces,
): SsmSystem {
  const size = 2 * modes;
  const inputs = new Float64Array(SPAN * size);
  const outputs = new Float64Array(SPAN * size);
  const powers = new Float64Array(size); // a^SPAN
  const start = new Float64Array(size); // B
  let first = 0;
  for (let n = 0; n < modes; n++) {
    const [ar, ai, br, bi] = [aRe[at + n]!, aIm[at + n]!, bRe[at + n]!, bIm[at + n]!];
    const [cr, ci] = [CRe[at + n]!, CIm[at + n]!];
    let [re, im] = [1, 0];
    for (let q = 0; q < SPAN; q++) {
      const row = (SPAN - 1 - q) * size;
      inputs[row + n] = re * br - im * bi;
      inputs[row + modes + n] = re * bi + im * br;
      [re, im] = [re * ar - im * ai, re * ai + im * ar];
      outputs[q * size + n] = 2 * (cr * re - ci * im);
      outputs[q * size + modes + n] = -2 * (cr * im + ci * re);
    }
    [powers[n], powers[modes + n]] = [re, im];
    [start[n], start[modes + n]] = [br, bi];
    first += 2 * (cr * br - ci * bi);
  }
  const turn = (s: Float64Array, n: number, re: number, im: number): void => {
    const old = s[n]!;
    s[n] = re * old - im * s[modes + n]!;
    s[modes + n] = re * s[modes + n]! + im * old;
  };
  const taps = new Float64Array(SSM_BLOCK_ROWS);
  const system: SsmSystem = {
    size,
    span: SPAN,
    inputs,
    outputs,
    step(s, u) {
      for (let n = 0; n < modes; n++) {
        turn(s, n, aRe[at + n]!, aIm[at + n]!);
        s[n]! += bRe[at + n]! * u;
        s[modes + n]! += bIm[at + n]! * u;
      }
    },
    advance(s) {
      for (let n = 0; n < modes; n++) turn(s, n, powers[n]!, powers[modes + n]!);
    },
    convolve: causalConvolver(taps, workspaces),
  };
  taps[0] = first;
  ssmOutputs(system, start.slice(), taps, 1, SSM_BLOCK_ROWS); // K_l is what a state of B gives l rows later
  return system;
}
