// The scan of a Mamba-2 mixer in chunks (2405.21060, section 6): the rows of a chunk go through each layer together and
// mix by masked attention, the state is carried from chunk to chunk. Chunks of 1 row are steps, one chunk over all rows is
// the attention form. Equal to steps within rounding: steps round h to f32 after every row, a chunk once.

import { exp, softplus } from '../../base/math.ts';
import { causalConvStep } from '../../kernel/plain/causal-conv.ts';
import { gatedRmsNorm } from '../../kernel/plain/gated-rms-norm.ts';
import { matmulRows } from '../../kernel/plain/matmul-rows.ts';
import { siluInto } from '../../kernel/plain/silu-into.ts';
import { ssdChunk } from '../../kernel/plain/ssd-chunk.ts';
import { ssdScratch } from '../../kernel/plain/ssd-chunk-head.ts';
import type { ScanForm } from '../cell.ts';
import type { State } from '../state.ts';
import { CHUNK_ROWS, type Mamba2Config, type Mamba2Layout, type Mamba2Params, mamba2Sizes } from './params.ts';

export function ssdForm(params: Mamba2Params, config: Mamba2Config): ScanForm<Mamba2Layout> {
  const { dModel, chunkRows = CHUNK_ROWS } = config;
  return {
    rtol: 2e-6,
    scan(state, x, y, rows) {
      const chunk = makeChunk(config, Math.min(rows, chunkRows));
      for (let from = 0; from < rows; from += chunkRows) {
        const count = Math.min(chunkRows, rows - from);
        const input = x.subarray(from * dModel, (from + count) * dModel);
        scanChunk(params, config, chunk, state, input, y.subarray(from * dModel), count);
      }
    },
  };
}

function makeChunk(config: Mamba2Config, rows: number) {
  const { dInner, heads, dProj } = mamba2Sizes(config);
  const { dState, headDim, nGroups } = config;
  const sizes = { heads, headDim, dState, groups: nGroups };
  const dt = new Float64Array(rows * heads);
  return {
    sizes,
    projected: new Float32Array(rows * dProj),
    normed: new Float32Array(rows * dInner),
    scratch: ssdScratch(rows, sizes),
    ssd: {
      decay: new Float64Array(rows * heads),
      now: dt,
      later: dt,
      x: new Float32Array(rows * dInner),
      B: new Float32Array(rows * nGroups * dState),
      C: new Float32Array(rows * nGroups * dState),
      y: new Float32Array(rows * dInner),
    },
  };
}

/** x [rows, dModel] -> y [rows, dModel], rows <= chunkRows: cell.ts, layer by layer in place of row by row. */
function scanChunk(
  params: Mamba2Params,
  config: Mamba2Config,
  { sizes, projected, normed, scratch, ssd }: ReturnType<typeof makeChunk>,
  state: State<Mamba2Layout>,
  input: Float32Array,
  output: Float32Array,
  rows: number,
): void {
  const { dModel, dState, dConv, nGroups, eps, normOver } = config;
  const { dInner, heads, dMixed, dProj } = mamba2Sizes(config);
  const [dtMin, dtMax] = config.dtLimit;
  const shared = nGroups * dState;
  matmulRows(params.inProj, input, projected, rows, dProj, dModel, params.inProjBias);
  for (let t = 0; t < rows; t++) {
    const row = projected.subarray(t * dProj, (t + 1) * dProj);
    const mixed = row.subarray(dInner, dInner + dMixed);
    causalConvStep(state.at.conv, mixed, params.convWeight, params.convBias, mixed, dMixed, dConv);
    siluInto(mixed, mixed);
    ssd.x.set(mixed.subarray(0, dInner), t * dInner);
    ssd.B.set(mixed.subarray(dInner, dInner + shared), t * shared);
    ssd.C.set(mixed.subarray(dInner + shared), t * shared);
    for (let j = 0; j < heads; j++) {
      const dt = Math.min(dtMax, Math.max(dtMin, softplus(row[dInner + dMixed + j]! + params.dtBias[j]!)));
      ssd.now[t * heads + j] = dt;
      ssd.decay[t * heads + j] = exp(dt * params.A[j]!);
    }
  }
  ssdChunk(state.at.ssm, params.D, ssd, rows, sizes, scratch);
  for (let t = 0; t < rows; t++) {
    const y = ssd.y.subarray(t * dInner, (t + 1) * dInner);
    const z = projected.subarray(t * dProj, t * dProj + dInner);
    const to = normed.subarray(t * dInner, (t + 1) * dInner);
    gatedRmsNorm(y, z, params.normWeight, eps, to, normOver === 'group' ? nGroups : 1);
  }
  matmulRows(params.outProj, normed, output, rows, dModel, dInner, params.outProjBias);
}
