// Whole sequences of Hyena: each long convolution by FFT over a window of past inputs and up to as many new rows
// (overlap-save), stage by stage. The state is left as steps would leave it: the sums for rows to come are made again from the
// inputs.

import { causalConvStep } from '../../kernel/plain/causal-conv.ts';
import { convolveCyclic } from '../../kernel/plain/fft-convolve.ts';
import { onlineRebuild } from '../../kernel/plain/hyena-online.ts';
import type { OnlineTaps } from '../../kernel/plain/hyena-taps.ts';
import { matmulRows } from '../../kernel/plain/matmul-rows.ts';
import type { ScanForm } from '../cell.ts';
import type { State } from '../state.ts';
import { type HyenaConfig, type HyenaLayout, type HyenaParams, hyenaSizes } from './params.ts';

export function hyenaFftForm(config: HyenaConfig, params: HyenaParams, taps: OnlineTaps): ScanForm<HyenaLayout> {
  const { dModel, order } = config;
  const { lanes, window, shortTaps } = hyenaSizes(config);
  const width = (order + 1) * dModel;

  const scanBlock = (state: State<HyenaLayout>, x: Float32Array, y: Float32Array, rows: number): void => {
    const mixed = new Float32Array(rows * width);
    matmulRows(params.inWeight, x, mixed, rows, width, dModel, params.inBias);
    for (let t = 0; t < rows; t++) {
      const row = mixed.subarray(t * width, (t + 1) * width);
      causalConvStep(state.at.short, row, params.shortWeight, params.shortBias, row, width, shortTaps);
    }
    for (let lane = 0; lane < lanes; lane++) {
      const gate = (order - 1 - Math.floor(lane / dModel)) * dModel + (lane % dModel);
      convolveLane(
        taps,
        params.filterBias[lane]!,
        state,
        lane,
        mixed,
        width,
        gate,
        order * dModel + (lane % dModel),
        rows,
      );
    }
    state.at.cursor[0] = (state.at.cursor[0]! + rows) % window;
    const gated = new Float32Array(rows * dModel);
    for (let i = 0; i < gated.length; i++) {
      const row = Math.floor(i / dModel) * width + (i % dModel);
      gated[i] = mixed[row + order * dModel]! * mixed[row]!;
    }
    matmulRows(params.outWeight, gated, y, rows, dModel, dModel, params.outBias);
  };

  return {
    rtol: 1e-5, // the sums for rows to come are float32 in steps, float64 here
    scan(state, x, y, rows) {
      for (let from = 0; from < rows; from += window) {
        const to = Math.min(rows, from + window);
        scanBlock(state, x.subarray(from * dModel, to * dModel), y.subarray(from * dModel, to * dModel), to - from);
      }
    },
  };
}

/** v <- k * (v x) + bias (v x) of one lane, columns `gate` (x) and `value` (v) of mixed [rows, width]; rows <= window. */
function convolveLane(
  taps: OnlineTaps,
  bias: number,
  { at: { inputs, pending, cursor } }: State<HyenaLayout>,
  lane: number,
  mixed: Float32Array,
  width: number,
  gate: number,
  value: number,
  rows: number,
): void {
  const { window } = taps;
  const base = lane * window;
  const place = cursor[0]!;
  const space = taps.workspaces(2 * window);
  const { signal } = space;
  for (let j = 0; j < window; j++) signal[j] = inputs[base + ((place + j) % window)]!; // oldest first
  for (let t = 0; t < rows; t++) {
    const at = base + ((place + t) % window);
    inputs[at] = mixed[t * width + value]! * mixed[t * width + gate]!;
    signal[window + t] = inputs[at]!;
  }
  signal.fill(0, window + rows);
  convolveCyclic(space, taps.spectra.get(window)![lane]!); // no tap reaches back past signal[1]: nothing wraps onto new rows
  for (let t = 0; t < rows; t++) {
    mixed[t * width + value] = signal[window + t]! + bias * inputs[base + ((place + t) % window)]!;
  }
  onlineRebuild(taps, lane, inputs, pending, base, (place + rows) % window);
}
