// S4D: a diagonal, time-invariant SSM per channel, discretised once (zero-order hold or bilinear).
//   h = a h + b x,  s = 2 Re(C . h) + D x     h [dModel, dState / 2] complex, x [dModel], B folded to 1
//   y = s | GELU(s) | GLU(output_linear(GELU(s)))
// Linear and time-invariant up to s: the same as a causal convolution with K_l = 2 Re(sum C b a^l) (naive.ts does that, and
// forms.fft). Gu et al. 2022 (arXiv 2206.11893). Read next: kernel/plain/s4d-step.ts.

import { sigmoid } from '../../base/math.ts';
import { fftWorkspaces } from '../../kernel/plain/fft-convolve.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import { s4dDiscretise, s4dTransition } from '../../kernel/plain/s4d-discretise.ts';
import { gelu } from '../../kernel/plain/s4d-gelu.ts';
import { s4dDecay, s4dStep } from '../../kernel/plain/s4d-step.ts';
import { diagonalSystem } from '../../kernel/plain/ssm-diagonal-system.ts';
import { ssmFftScan } from '../../kernel/plain/ssm-fft.ts';
import type { SsmSystem } from '../../kernel/plain/ssm-system.ts';
import type { Cell, ScanForm } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import { f32 } from '../state.ts';
import type { S4dConfig, S4dParams } from './params.ts';

export const s4dLayout = ({ dModel, dState }: S4dConfig) => ({
  hRe: f32(dModel, dState / 2),
  hIm: f32(dModel, dState / 2),
});
export type S4dLayout = ReturnType<typeof s4dLayout>;

/**
 * stepAfter is there for zoh only, where it is exact: x held for d1, then for d2, is x held for d1 + d2. The bilinear rule
 * has no such property (a late row would depend on how the gap was cut), so that cell has no stepAfter.
 */
export function s4dCell(config: S4dConfig, params: S4dParams): Cell<S4dLayout> {
  const { dModel, dState, method, output } = config;
  const { CRe, CIm, D } = params;
  const transition = s4dDiscretise(method, params.dt, params.ARe, params.AIm);
  const late = s4dTransition(CRe.length);
  const active = new Float32Array(dModel);
  const gated = new Float32Array(2 * dModel);

  /** s -> y in place. */
  const finish = (y: Float32Array): void => {
    if (output === 'none') return;
    for (let i = 0; i < dModel; i++) active[i] = gelu(y[i]!);
    if (output === 'gelu') {
      y.set(active);
      return;
    }
    matvec(params.outWeight!, active, gated, 2 * dModel, dModel, params.outBias!);
    for (let i = 0; i < dModel; i++) y[i] = gated[i]! * sigmoid(gated[dModel + i]!);
  };
  const cell: Cell<S4dLayout> = {
    kind: 's4d',
    dIn: dModel,
    dOut: dModel,
    layout: s4dLayout(config),
    contextRows: Infinity,
    flops: dModel * (7 * dState + 3) + (output === 'glu' ? 4 * dModel * dModel + 3 * dModel : 0),
    init(state) {
      state.bytes.fill(0);
    },
    step(state, x, y) {
      s4dStep(state.at.hRe, state.at.hIm, x, y, transition, CRe, CIm, D);
      finish(y);
    },
    skip(state, rows) {
      s4dDecay(state.at.hRe, state.at.hIm, transition, rows);
    },
  };
  const zoh: Pick<Cell<S4dLayout>, 'stepAfter'> = {
    stepAfter(state, x, y, dt) {
      if (dt === 1) {
        cell.step(state, x, y);
        return;
      }
      s4dDiscretise('zoh', params.dt, params.ARe, params.AIm, dt, late);
      s4dStep(state.at.hRe, state.at.hIm, x, y, late, CRe, CIm, D);
      finish(y);
    },
  };
  const forms = { fft: fftForm(config, params, transition, finish) };
  return { ...cell, scan: scanBySteps(cell), forms, ...(method === 'zoh' && zoh) };
}

/** Channel by channel: the recurrence as a convolution, then the rest row by row. Its tables are made at the first call. */
function fftForm(
  { dModel, dState }: S4dConfig,
  { CRe, CIm, D }: S4dParams,
  transition: ReturnType<typeof s4dTransition>,
  finish: (y: Float32Array) => void,
): ScanForm<S4dLayout> {
  const modes = dState / 2;
  const workspaces = fftWorkspaces();
  let systems: SsmSystem[] | undefined;
  return {
    rtol: 1e-5, // float32 steps round their state every row, this does not
    scan(state, x, y, rows) {
      systems ??= Array.from({ length: dModel }, (_, channel) =>
        diagonalSystem(transition, CRe, CIm, channel * modes, modes, workspaces),
      );
      const u = new Float64Array(rows);
      const out = new Float64Array(rows);
      for (let channel = 0; channel < dModel; channel++) {
        for (let t = 0; t < rows; t++) u[t] = x[t * dModel + channel]!;
        ssmFftScan(systems[channel]!, state.at.hRe, state.at.hIm, channel * modes, u, out, rows);
        for (let t = 0; t < rows; t++) y[t * dModel + channel] = out[t]! + D[channel]! * u[t]!;
      }
      for (let t = 0; t < rows; t++) finish(y.subarray(t * dModel, (t + 1) * dModel));
    },
  };
}
