// S4: per channel a time-invariant SSM whose A = Lambda - P P^* is diagonal plus rank one (HiPPO-LegS in its normal basis),
// discretised bilinearly. A row costs O(N) by the Woodbury identity (kernel/plain/s4-step.ts).
//   x = A_bar x + B_bar u,  s = 2 Re(C x) + D u,  y = s | GELU(s) | GLU(output_linear(GELU(s)))     x [dModel, dState / 2] complex
// Gu, Goel, Re 2022 (arXiv 2111.00396). State: 4 H N bytes. Weights, and the C~ trap: params.ts. Slow twin: naive.ts.

import { sigmoid } from '../../base/math.ts';
import { fftWorkspaces } from '../../kernel/plain/fft-convolve.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import { type S4Coefficients, s4Coefficients } from '../../kernel/plain/s4-coefficients.ts';
import { type S4Powers, s4Decay, s4Powers } from '../../kernel/plain/s4-powers.ts';
import { s4Move } from '../../kernel/plain/s4-step.ts';
import { s4System } from '../../kernel/plain/s4-system.ts';
import { gelu } from '../../kernel/plain/s4d-gelu.ts';
import { ssmFftScan } from '../../kernel/plain/ssm-fft.ts';
import type { SsmSystem } from '../../kernel/plain/ssm-system.ts';
import type { Cell, ScanForm } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import { f32 } from '../state.ts';
import { checkS4, type S4Config, type S4Params } from './params.ts';

/** x [dModel, dState / 2], real and imaginary parts. */
export type S4Layout = { readonly hRe: ReturnType<typeof f32>; readonly hIm: ReturnType<typeof f32> };

/** dIn = dOut = dModel. No stepAfter: the bilinear rule is not exact at irregular times. @throws ERR_CONFIG_INVALID */
export function s4Cell(config: S4Config, params: S4Params): Cell<S4Layout> {
  checkS4(config);
  const { dModel, dState, output } = config;
  const { rows: outputs, D } = params;
  const modes = dState / 2;
  const coefficients = s4Coefficients(params);
  const powers = lazily(dModel, (channel) => s4Powers(coefficients, channel));
  const decaying = new Float64Array(dState);
  const scratch = new Float64Array(dState);
  const finish = s4Finish(config, params);

  const cell: Cell<S4Layout> = {
    kind: 's4',
    dIn: dModel,
    dOut: dModel,
    layout: { hRe: f32(dModel, modes), hIm: f32(dModel, modes) },
    contextRows: Infinity,
    flops: dModel * (20 * dState + 8) + (output === 'glu' ? 4 * dModel * dModel + 3 * dModel : 0),
    init(state) {
      state.bytes.fill(0);
    },
    step({ at: { hRe, hIm } }, x, y) {
      for (let channel = 0; channel < dModel; channel++) {
        const at = channel * modes;
        const u = x[channel]!;
        s4Move(coefficients, channel, hRe, at, hIm, at, u);
        let sum = 0;
        for (let n = 0; n < modes; n++) {
          sum += outputs[2 * at + n]! * hRe[at + n]! + outputs[2 * at + modes + n]! * hIm[at + n]!;
        }
        y[channel] = sum + D[channel]! * u;
      }
      finish(y);
    },
    // Time without input. From 64 rows on by dense powers of the step, made at the first such gap: some N^3 a channel.
    skip({ at: { hRe, hIm } }, rows) {
      for (let channel = 0; channel < dModel && rows > 0; channel++) {
        const at = channel * modes;
        for (let n = 0; n < modes; n++) [decaying[n], decaying[modes + n]] = [hRe[at + n]!, hIm[at + n]!];
        s4Decay(coefficients, channel, powers(channel), decaying, rows, scratch);
        for (let n = 0; n < modes; n++) [hRe[at + n], hIm[at + n]] = [decaying[n]!, decaying[modes + n]!];
      }
    },
  };
  return { ...cell, scan: scanBySteps(cell), forms: { fft: fftForm(config, params, coefficients, powers, finish) } };
}

/** s -> y in place, [dModel]. */
function s4Finish({ dModel, output }: S4Config, { outWeight, outBias }: S4Params): (y: Float32Array) => void {
  const active = new Float32Array(dModel);
  const gated = new Float32Array(2 * dModel);
  if (output === 'none') return () => {};
  return (y) => {
    for (let i = 0; i < dModel; i++) active[i] = gelu(y[i]!);
    if (output === 'gelu') {
      y.set(active);
      return;
    }
    matvec(outWeight!, active, gated, 2 * dModel, dModel, outBias!);
    for (let i = 0; i < dModel; i++) y[i] = gated[i]! * sigmoid(gated[dModel + i]!);
  };
}

/** One thing for each channel, made when it is first asked for. */
function lazily<T>(channels: number, make: (channel: number) => T): (channel: number) => T {
  const made = new Array<T | undefined>(channels);
  return (channel) => (made[channel] ??= make(channel));
}

/** Channel by channel: the recurrence as a convolution with the kernel of the Cauchy sums, then the rest row by row. */
function fftForm(
  { dModel, dState }: S4Config,
  { rows: outputs, D }: S4Params,
  coefficients: S4Coefficients,
  powers: (channel: number) => S4Powers,
  finish: (y: Float32Array) => void,
): ScanForm<S4Layout> {
  const workspaces = fftWorkspaces();
  const systems = lazily<SsmSystem>(dModel, (channel) => {
    const row = outputs.slice(channel * dState, (channel + 1) * dState);
    return s4System(coefficients, channel, row, powers(channel), workspaces);
  });
  return {
    rtol: 1e-5, // float32 steps round their state every row, this does not
    scan(state, x, y, rows) {
      const u = new Float64Array(rows);
      const out = new Float64Array(rows);
      for (let channel = 0; channel < dModel; channel++) {
        for (let t = 0; t < rows; t++) u[t] = x[t * dModel + channel]!;
        ssmFftScan(systems(channel), state.at.hRe, state.at.hIm, (channel * dState) / 2, u, out, rows);
        for (let t = 0; t < rows; t++) y[t * dModel + channel] = out[t]! + D[channel]! * u[t]!;
      }
      for (let t = 0; t < rows; t++) finish(y.subarray(t * dModel, (t + 1) * dModel));
    },
  };
}
