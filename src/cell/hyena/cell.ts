// Hyena operator, one row at a time and exactly (Poli et al. 2023, arXiv 2302.10866): gates between long convolutions.
//   x_0 .. x_(o-1), v = short(in_proj u);   for i = o-1 .. 1: v = k_i * (v x_i) + bias_i (v x_i);   out = out_proj(v x_0)
// No recurrence behind it: the state holds the last l_max gated inputs of every filter, and the sums for rows to come
// (kernel/plain/hyena-online.ts). Bounded by l_max: past it a row is seen through the window of the last l_max taps.
// Names, shapes, filter: params.ts. Whole sequences: fft.ts. Slow twin: naive.ts.

import { causalConvSkip, causalConvStep } from '../../kernel/plain/causal-conv.ts';
import { fftWorkspaces } from '../../kernel/plain/fft-convolve.ts';
import { blockSize, onlineBlock } from '../../kernel/plain/hyena-online.ts';
import { type OnlineTaps, onlineFlops, onlineTaps } from '../../kernel/plain/hyena-taps.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import type { Cell } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import { f32, type State, u32 } from '../state.ts';
import { hyenaFftForm } from './fft.ts';
import { type HyenaConfig, type HyenaLayout, type HyenaParams, hyenaSizes } from './params.ts';

/**
 * dIn = dOut = dModel. A row costs O(log^2 l_max) a filter on average, and O(l_max log l_max) when it closes a block: the
 * longest once every `window` rows. `flops` is the average.
 * @throws ERR_CONFIG_INVALID
 */
export function hyenaCell(config: HyenaConfig, params: HyenaParams): Cell<HyenaLayout> {
  const { dModel, order } = config;
  const { lanes, window, shortTaps } = hyenaSizes(config);
  const width = (order + 1) * dModel;
  const taps = onlineTaps(params.taps, lanes, window, fftWorkspaces());
  const mixed = new Float32Array(width);
  const v = mixed.subarray(order * dModel);
  const gated = new Float32Array(dModel);

  const push = pusher(config, params, taps);
  const advance = ({ at }: State<HyenaLayout>): void => {
    at.cursor[0] = (at.cursor[0]! + 1) % window;
  };
  const step = (state: State<HyenaLayout>, x: Float32Array, y: Float32Array): void => {
    matvec(params.inWeight, x, mixed, width, dModel, params.inBias);
    causalConvStep(state.at.short, mixed, params.shortWeight, params.shortBias, mixed, width, shortTaps);
    for (let stage = 0; stage < order - 1; stage++) {
      const gate = (order - 1 - stage) * dModel;
      for (let d = 0; d < dModel; d++) v[d] = push(state, stage * dModel + d, v[d]! * mixed[gate + d]!);
    }
    advance(state);
    for (let d = 0; d < dModel; d++) gated[d] = v[d]! * mixed[d]!;
    matvec(params.outWeight, gated, y, dModel, dModel, params.outBias);
  };

  return {
    kind: 'hyena',
    dIn: dModel,
    dOut: dModel,
    layout: {
      short: f32(width, shortTaps - 1),
      inputs: f32(order - 1, dModel, window),
      pending: f32(order - 1, dModel, window),
      cursor: u32(1),
    },
    // By the equations (o - 1)(l_max - 1) + shortTaps rows. An FFT block gives a rounding error of older inputs to rows up to
    // 2 * window - 1 later, some 1e-16 of them: only past that is a row gone to the last bit.
    contextRows: (order - 1) * (2 * window - 1) + shortTaps,
    flops: 2 * dModel * (width + dModel) + 2 * shortTaps * width + lanes * (onlineFlops(window) + 3) + dModel,
    init(state) {
      state.bytes.fill(0);
    },
    step,
    scan: scanBySteps({ dIn: dModel, dOut: dModel, step }),
    forms: { fft: hyenaFftForm(config, params, taps) },
    // A row without input: zeros in place of the projected row (no bias), and in place of every gated input.
    skip(state, rows) {
      causalConvSkip(state.at.short, width, shortTaps, rows);
      if (rows >= 2 * window) {
        state.at.inputs.fill(0);
        state.at.pending.fill(0);
        state.at.cursor[0] = (state.at.cursor[0]! + rows) % window;
        return;
      }
      for (let t = 0; t < rows; t++) {
        for (let lane = 0; lane < lanes; lane++) push(state, lane, 0);
        advance(state);
      }
    },
  };
}

/** One input into a lane's ring at the cursor; the lane's output for its row back. */
function pusher({ lMax }: HyenaConfig, params: HyenaParams, taps: OnlineTaps) {
  const { window } = taps;
  // What a gated input gives to its own row: the filter's tap 0 and the bias beside the filter.
  const now = params.filterBias.map((bias, lane) => bias + params.taps[lane * lMax]!);
  return ({ at: { inputs, pending, cursor } }: State<HyenaLayout>, lane: number, input: number): number => {
    const place = cursor[0]!;
    const base = lane * window;
    inputs[base + place] = input;
    const y = pending[base + place]! + now[lane]! * inputs[base + place]!;
    pending[base + place] = 0;
    onlineBlock(taps, lane, inputs, pending, base, place + 1, blockSize(place + 1, window));
    return y;
  };
}
