// S4D: a diagonal, time-invariant SSM per channel, discretised once (zero-order hold or bilinear).
//   h = a h + b x,  s = 2 Re(C . h) + D x     h [dModel, dState / 2] complex, x [dModel], B folded to 1
//   y = s | GELU(s) | GLU(output_linear(GELU(s)))
// Linear and time-invariant up to s: the same as a causal convolution with K_l = 2 Re(sum C b a^l) (naive.ts does that).
// Gu et al. 2022 (arXiv 2206.11893). Read next: kernel/plain/s4d-step.ts.

import { sigmoid } from '../../base/math.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import { s4dDiscretise } from '../../kernel/plain/s4d-discretise.ts';
import { gelu } from '../../kernel/plain/s4d-gelu.ts';
import { s4dDecay, s4dStep } from '../../kernel/plain/s4d-step.ts';
import type { Cell } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import { f32 } from '../state.ts';
import type { S4dConfig, S4dParams } from './params.ts';

export const s4dLayout = ({ dModel, dState }: S4dConfig) => ({
  hRe: f32(dModel, dState / 2),
  hIm: f32(dModel, dState / 2),
});
export type S4dLayout = ReturnType<typeof s4dLayout>;

export function s4dCell(config: S4dConfig, params: S4dParams): Cell<S4dLayout> {
  const { dModel, method, output } = config;
  const { CRe, CIm, D } = params;
  const transition = s4dDiscretise(method, params.dt, params.ARe, params.AIm);
  const active = new Float32Array(dModel);
  const gated = new Float32Array(2 * dModel);

  const cell: Cell<S4dLayout> = {
    kind: 's4d',
    dIn: dModel,
    dOut: dModel,
    layout: s4dLayout(config),
    contextRows: Infinity,
    init(state) {
      state.bytes.fill(0);
    },
    step(state, x, y) {
      s4dStep(state.at.hRe, state.at.hIm, x, y, transition, CRe, CIm, D);
      if (output === 'none') return;
      for (let i = 0; i < dModel; i++) active[i] = gelu(y[i]!);
      if (output === 'gelu') {
        y.set(active);
        return;
      }
      matvec(params.outWeight!, active, gated, 2 * dModel, dModel, params.outBias!);
      for (let i = 0; i < dModel; i++) y[i] = gated[i]! * sigmoid(gated[dModel + i]!);
    },
    skip(state, rows) {
      s4dDecay(state.at.hRe, state.at.hIm, transition, rows);
    },
  };
  return { ...cell, scan: scanBySteps(cell) };
}
