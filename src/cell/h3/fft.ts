// Many rows of H3 at once: two FFT convolutions, one with the taps of the shift SSM (the keys before the call go in front), one
// with the kernel of the diagonal SSM (ssm-fft.ts carries its state). Blocks of SSM_BLOCK_ROWS bound the memory.

import { type CausalConvolver, causalConvolver, fftWorkspaces } from '../../kernel/plain/fft-convolve.ts';
import { matmulRows } from '../../kernel/plain/matmul-rows.ts';
import { s4dDiscretise } from '../../kernel/plain/s4d-discretise.ts';
import { diagonalSystem } from '../../kernel/plain/ssm-diagonal-system.ts';
import { ssmFftScan } from '../../kernel/plain/ssm-fft.ts';
import { SSM_BLOCK_ROWS, type SsmSystem } from '../../kernel/plain/ssm-system.ts';
import type { ScanForm } from '../cell.ts';
import type { State } from '../state.ts';
import { h3Products, h3Read } from './mix.ts';
import type { H3Config, H3Layout, H3Params } from './params.ts';

export function h3FftForm(config: H3Config, params: H3Params): ScanForm<H3Layout> {
  const { dModel } = config;
  let tables: Tables | undefined; // made at the first call: a cell that only steps does not need them
  return {
    rtol: 1e-5, // float32 steps round their state every row, this does not
    scan(state, x, y, rows) {
      tables ??= makeTables(config, params);
      for (let from = 0; from < rows; from += SSM_BLOCK_ROWS) {
        const to = Math.min(rows, from + SSM_BLOCK_ROWS);
        const input = x.subarray(from * dModel, to * dModel);
        scanBlock(config, params, tables, state, input, y.subarray(from * dModel, to * dModel), to - from);
      }
    },
  };
}

interface Tables {
  /** One of each channel. */
  readonly shifts: readonly CausalConvolver[];
  /** One of each head. */
  readonly systems: readonly SsmSystem[];
}

function makeTables({ dModel, dState, method }: H3Config, params: H3Params): Tables {
  const workspaces = fftWorkspaces();
  const transition = s4dDiscretise(method, params.dt, params.ARe, params.AIm);
  const modes = dState / 2;
  return {
    shifts: Array.from({ length: dModel }, (_, channel) =>
      causalConvolver(
        Float64Array.from(params.shiftTaps.subarray(channel * dState, (channel + 1) * dState)).reverse(),
        workspaces,
      ),
    ),
    systems: Array.from(params.dt, (_, head) =>
      diagonalSystem(transition, params.CRe, params.CIm, head * modes, modes, workspaces),
    ),
  };
}

function scanBlock(
  { dModel, dState, headDim }: H3Config,
  params: H3Params,
  { shifts, systems }: Tables,
  { at }: State<H3Layout>,
  x: Float32Array,
  y: Float32Array,
  rows: number,
): void {
  const qkv = new Float32Array(rows * 3 * dModel);
  matmulRows(params.qkvWeight, x, qkv, rows, 3 * dModel, dModel, params.qkvBias);
  const past = dState - 1;
  const keys = new Float64Array(past + rows);
  for (let channel = 0; channel < dModel; channel++) {
    for (let j = 0; j < past; j++) keys[j] = at.shift[channel * past + j]!;
    for (let t = 0; t < rows; t++) keys[past + t] = qkv[(3 * t + 1) * dModel + channel]!;
    for (let j = 0; j < past; j++) at.shift[channel * past + j] = keys[rows + j]!;
    shifts[channel]!(keys, keys, past + rows);
    for (let t = 0; t < rows; t++) qkv[(3 * t + 1) * dModel + channel] = keys[past + t]!;
  }
  const lanes = dModel * headDim;
  const products = new Float32Array(rows * lanes);
  for (let t = 0; t < rows; t++) {
    h3Products(qkv, 3 * t * dModel, headDim, dModel, products.subarray(t * lanes, (t + 1) * lanes));
  }
  const u = new Float64Array(rows);
  const out = new Float64Array(rows);
  for (let lane = 0; lane < lanes; lane++) {
    const head = Math.floor(lane / (headDim * headDim));
    for (let t = 0; t < rows; t++) u[t] = products[t * lanes + lane]!;
    ssmFftScan(systems[head]!, at.hRe, at.hIm, (lane * dState) / 2, u, out, rows);
    for (let t = 0; t < rows; t++) products[t * lanes + lane] = out[t]! + params.D[head]! * u[t]!;
  }
  const mixed = new Float32Array(rows * dModel);
  for (let t = 0; t < rows; t++) {
    const recalled = products.subarray(t * lanes, (t + 1) * lanes);
    h3Read(qkv, 3 * t * dModel, recalled, headDim, dModel, mixed.subarray(t * dModel, (t + 1) * dModel));
  }
  matmulRows(params.outWeight, mixed, y, rows, dModel, dModel, params.outBias);
}
