// The scan of a Mamba-3 mixer in chunks: masked attention within, the state carried between chunks, as for Mamba-2. What
// differs is the trapezoid: row s weighs lam_s dt_s in its own output and (1 - lam_{s+1}) dt_{s+1} more from the next row
// on, and the first row of a chunk still owes h the row before it, which is settled first.

import { mamba3Settle } from '../../kernel/plain/mamba3-step.ts';
import { matmulRows } from '../../kernel/plain/matmul-rows.ts';
import { ssdChunk } from '../../kernel/plain/ssd-chunk.ts';
import { ssdScratch } from '../../kernel/plain/ssd-chunk-head.ts';
import type { ScanForm } from '../cell.ts';
import type { State } from '../state.ts';
import type { Mamba3Layout, Mamba3Params, Mamba3Sizes } from './params.ts';
import { gateRow, selectRow } from './row.ts';

export function ssdForm(params: Mamba3Params, sizes: Mamba3Sizes): ScanForm<Mamba3Layout> {
  const { dModel, chunkRows } = sizes;
  return {
    rtol: 2e-6,
    scan(state, x, y, rows) {
      const chunk = makeChunk(params, sizes, Math.min(rows, chunkRows));
      for (let from = 0; from < rows; from += chunkRows) {
        const count = Math.min(chunkRows, rows - from);
        const input = x.subarray(from * dModel, (from + count) * dModel);
        scanChunk(params, sizes, chunk, state, input, y.subarray(from * dModel), count);
      }
    },
  };
}

function makeChunk(params: Mamba3Params, sizes: Mamba3Sizes, rows: number) {
  const { dInner, heads, headDim, dState, dProj } = sizes;
  // Rotated by its own angle, every head has its own k and q: as many groups as heads.
  const ssdSizes = { heads, headDim, dState, groups: heads };
  return {
    ssdSizes,
    select: selectRow(params, sizes),
    gate: gateRow(params, sizes),
    scratch: ssdScratch(rows, ssdSizes),
    projected: new Float32Array(rows * dProj),
    ssd: {
      decay: new Float64Array(rows * heads),
      now: new Float64Array(rows * heads),
      later: new Float64Array(rows * heads),
      x: new Float32Array(rows * dInner),
      B: new Float32Array(rows * heads * dState),
      C: new Float32Array(rows * heads * dState),
      y: new Float32Array(rows * dInner),
    },
  };
}

/** x [rows, dModel] -> y [rows, dModel], rows <= chunkRows: cell.ts, layer by layer in place of row by row. */
function scanChunk(
  params: Mamba3Params,
  sizes: Mamba3Sizes,
  { ssdSizes, select, gate, scratch, projected, ssd }: ReturnType<typeof makeChunk>,
  state: State<Mamba3Layout>,
  input: Float32Array,
  output: Float32Array,
  rows: number,
): void {
  const { dModel, dInner, heads, dState, dProj } = sizes;
  matmulRows(params.inProj, input, projected, rows, dProj, dModel);
  for (let t = 0; t < rows; t++) {
    const row = select(projected.subarray(t * dProj, (t + 1) * dProj), state.at.angle, 1);
    ssd.decay.set(row.decay, t * heads);
    ssd.now.set(row.now, t * heads);
    ssd.later.set(row.now, t * heads);
    if (t === 0) mamba3Settle(state.at, row.before, sizes);
    else for (let j = 0; j < heads; j++) ssd.later[(t - 1) * heads + j]! += row.before[j]!;
    ssd.x.set(row.v, t * dInner);
    ssd.B.set(row.k, t * heads * dState);
    ssd.C.set(row.q, t * heads * dState);
  }
  ssdChunk(state.at.h, params.D, ssd, rows, ssdSizes, scratch);
  state.at.k.set(ssd.B.subarray((rows - 1) * heads * dState, rows * heads * dState));
  state.at.v.set(ssd.x.subarray((rows - 1) * dInner, rows * dInner));
  for (let t = 0; t < rows; t++) {
    const z = projected.subarray(t * dProj, t * dProj + dInner);
    gate(ssd.y.subarray(t * dInner, (t + 1) * dInner), z);
  }
  matmulRows(params.outProj, ssd.y, output, rows, dModel, dInner);
}
