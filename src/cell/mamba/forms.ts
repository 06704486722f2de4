// Other scans of the Mamba mixer: the rows of a chunk go through each layer together, so that a weight is read once for
// many rows, and only the recurrence in the middle differs between the forms:
//   chunked      the loop over time inside a channel, its state in f64 until the chunk ends
//   associative  the same as a tree of pairs (exp(dt A), dt B x), as a machine with many lanes would run it
// Both equal steps within rounding: steps round h to f32 after every row, a chunk once.

import { exp, silu, softplus } from '../../base/math.ts';
import { associativeScan } from '../../kernel/plain/associative-scan.ts';
import { causalConvStep } from '../../kernel/plain/causal-conv.ts';
import { matmulRows } from '../../kernel/plain/matmul-rows.ts';
import { rmsNorm } from '../../kernel/plain/rms-norm.ts';
import { selectiveScanChunk } from '../../kernel/plain/selective-scan.ts';
import { siluInto } from '../../kernel/plain/silu-into.ts';
import type { ScanForm } from '../cell.ts';
import type { State } from '../state.ts';
import type { MambaConfig, MambaLayout, MambaParams } from './params.ts';

/** Rows of a chunk: 64 rows of a 1536-channel mixer are 3 MB of scratch. */
const CHUNK_ROWS = 64;

/** The recurrence over a chunk: x, y [rows, E] f32, dt [rows, E] f64, B, C [rows, N] f32, h [E, N] mutated. */
type Core = (chunk: Chunk, h: Float32Array, rows: number) => void;

type Chunk = ReturnType<typeof makeChunk>;

export function mambaForms(
  params: MambaParams,
  config: MambaConfig,
): { readonly chunked: ScanForm<MambaLayout>; readonly associative: ScanForm<MambaLayout> } {
  const { dModel } = config;
  const form = (makeCore: () => Core): ScanForm<MambaLayout> => ({
    rtol: 2e-6,
    scan(state, x, y, rows) {
      const chunk = makeChunk(config, Math.min(rows, CHUNK_ROWS));
      const core = makeCore();
      for (let from = 0; from < rows; from += CHUNK_ROWS) {
        const count = Math.min(CHUNK_ROWS, rows - from);
        const input = x.subarray(from * dModel, (from + count) * dModel);
        scanChunk(params, config, chunk, core, state, input, y.subarray(from * dModel), count);
      }
    },
  });
  return { chunked: form(() => loopCore(params, config)), associative: form(() => treeCore(params, config)) };
}

function makeChunk({ dInner, dState, dtRank }: MambaConfig, rows: number) {
  const rowsOf = (width: number): Float32Array => new Float32Array(rows * width);
  return {
    projected: rowsOf(2 * dInner),
    selected: rowsOf(dtRank + 2 * dState),
    x: rowsOf(dInner),
    r: rowsOf(dtRank),
    B: rowsOf(dState),
    C: rowsOf(dState),
    rawDt: rowsOf(dInner),
    dt: new Float64Array(rows * dInner),
    y: rowsOf(dInner),
  };
}

/** x [rows, dModel] -> y [rows, dModel], rows <= CHUNK_ROWS: cell.ts, layer by layer in place of row by row. */
function scanChunk(
  params: MambaParams,
  config: MambaConfig,
  chunk: Chunk,
  core: Core,
  state: State<MambaLayout>,
  input: Float32Array,
  output: Float32Array,
  rows: number,
): void {
  const { dModel, dInner, dState, dConv, dtRank } = config;
  const { projected, selected, x, r, B, C, rawDt, dt, y } = chunk;
  matmulRows(params.inProj, input, projected, rows, 2 * dInner, dModel, params.inProjBias);
  for (let t = 0; t < rows; t++) {
    const row = x.subarray(t * dInner, (t + 1) * dInner);
    row.set(projected.subarray(t * 2 * dInner, t * 2 * dInner + dInner));
    causalConvStep(state.at.conv, row, params.convWeight, params.convBias, row, dInner, dConv);
    siluInto(row, row);
  }
  const width = dtRank + 2 * dState;
  matmulRows(params.xProj, x, selected, rows, width, dInner);
  for (let t = 0; t < rows; t++) {
    const part = (to: Float32Array, from: number, size: number, norm?: Float32Array): void => {
      const row = to.subarray(t * size, (t + 1) * size);
      row.set(selected.subarray(t * width + from, t * width + from + size));
      if (norm) rmsNorm(row, norm, config.selectNorm?.eps ?? 0, row);
    };
    part(r, 0, dtRank, params.norms?.r);
    part(B, dtRank, dState, params.norms?.B);
    part(C, dtRank + dState, dState, params.norms?.C);
  }
  matmulRows(params.dtProj, r, rawDt, rows, dInner, dtRank, params.dtBias);
  for (let i = 0; i < rows * dInner; i++) dt[i] = softplus(rawDt[i]!);
  core(chunk, state.at.ssm, rows);
  for (let t = 0, i = 0; t < rows; t++) {
    for (let c = 0; c < dInner; c++, i++) y[i] = y[i]! * silu(projected[t * 2 * dInner + dInner + c]!);
  }
  matmulRows(params.outProj, y, output, rows, dModel, dInner, params.outProjBias);
}

function loopCore({ A, D }: MambaParams, { dInner, dState }: MambaConfig): Core {
  const hold = new Float64Array(dState);
  const sizes = { channels: dInner, dState };
  return ({ dt, x, B, C, y }, h, rows) => selectiveScanChunk(h, dt, A, x, B, C, D, y, sizes, rows, hold);
}

/** Channel by channel: dState lanes a channel, the carried state folded into the first pair. */
function treeCore({ A, D }: MambaParams, { dInner, dState }: MambaConfig): Core {
  const a = new Float64Array(CHUNK_ROWS * dState);
  const b = new Float64Array(CHUNK_ROWS * dState);
  return ({ dt, x, B, C, y }, h, rows) => {
    for (let c = 0; c < dInner; c++) {
      const first = c * dState;
      for (let t = 0, at = 0; t < rows; t++) {
        const step = dt[t * dInner + c]!;
        const drive = step * x[t * dInner + c]!;
        for (let n = 0; n < dState; n++, at++) {
          a[at] = exp(step * A[first + n]!);
          b[at] = drive * B[at]!;
        }
      }
      for (let n = 0; n < dState; n++) b[n] = a[n]! * h[first + n]! + b[n]!;
      associativeScan(a, b, rows, dState);
      for (let t = 0, at = 0; t < rows; t++) {
        let sum = D[c]! * x[t * dInner + c]!;
        for (let n = 0; n < dState; n++, at++) sum += b[at]! * C[at]!;
        y[t * dInner + c] = sum;
      }
      for (let n = 0; n < dState; n++) h[first + n] = b[(rows - 1) * dState + n]!;
    }
  };
}
