// Parameters of a Hyena operator: names and shapes as HazyResearch/safari writes them. The implicit filter is evaluated here,
// once: taps k_t = MLP(z_t) (e^(-t |deltas|) + shift), t from 0 to 1 over l_max rows, so the filter depends on l_max.

import { engineError } from '../../base/errors.ts';
import { exp, sin } from '../../base/math.ts';
import { powerOfTwo } from '../../kernel/plain/fft-convolve.ts';
import { tensor, type Weights } from '../../weights/tensor.ts';
import type { f32, u32 } from '../state.ts';

export interface HyenaConfig {
  readonly dModel: number;
  /** l_max the filter was made for: taps of each long convolution. */
  readonly lMax: number;
  /** o >= 2: o - 1 long convolutions between o gates. */
  readonly order: number;
  /** Width of the filter's MLP (upstream filter_order), its inner layers (num_inner_mlps), its input (emb_dim, odd). */
  readonly filterOrder: number;
  readonly innerMlps: number;
  readonly embDim: number;
  /** Of the modulation; upstream default 0. */
  readonly shift?: number;
  /** Taps of the short convolution; default 3. */
  readonly shortTaps?: number;
  /** How filter channels lie for order > 2: (o d) as in standalone_hyena.py, (d o) as in src/models/sequence/hyena.py. */
  readonly filterLayout: 'order-first' | 'channel-first';
}

/**
 * short [(o + 1) D, taps - 1]: last projected rows. inputs, pending [o - 1, D, window]: rings of gated inputs and of sums
 * for rows to come. cursor: the ring place of the next row.
 */
export type HyenaLayout = {
  readonly short: ReturnType<typeof f32>;
  readonly inputs: ReturnType<typeof f32>;
  readonly pending: ReturnType<typeof f32>;
  readonly cursor: ReturnType<typeof u32>;
};

export interface HyenaParams {
  /** [(o + 1) D, D] and [(o + 1) D]: x_0 .. x_(o-1), then v. */
  readonly inWeight: Float32Array;
  readonly inBias: Float32Array;
  /** [(o + 1) D, taps] and [(o + 1) D]. */
  readonly shortWeight: Float32Array;
  readonly shortBias: Float32Array;
  /** [o - 1, D, lMax] f64, in the order of use: the first goes with x_(o-1). */
  readonly taps: Float64Array;
  /** [o - 1, D]. */
  readonly filterBias: Float64Array;
  /** [D, D] and [D]. */
  readonly outWeight: Float32Array;
  readonly outBias: Float32Array;
}

export interface HyenaSizes {
  /** Channels of all long convolutions, (o - 1) D. */
  readonly lanes: number;
  /** Length of the rings: lMax rounded up to a power of two. */
  readonly window: number;
  readonly shortTaps: number;
}

/** @throws ERR_CONFIG_INVALID; also above 2^24 ring places, which would be 128 MiB of state a stream */
export function hyenaSizes(config: HyenaConfig): HyenaSizes {
  const { dModel, lMax, order, filterOrder, innerMlps, embDim, shift = 0, shortTaps = 3, filterLayout } = config;
  const whole = (name: string, value: number, least: number, most: number): void => {
    if (!Number.isInteger(value) || value < least || value > most) {
      throw invalid(`${name} is ${value}`, `a whole number from ${least} to ${most}`);
    }
  };
  whole('dModel', dModel, 1, 65_536);
  whole('lMax', lMax, 1, 1_048_576);
  whole('order', order, 2, 16);
  whole('filterOrder', filterOrder, 1, 65_536);
  whole('innerMlps', innerMlps, 0, 64);
  whole('embDim', embDim, 3, 1025);
  whole('shortTaps', shortTaps, 1, 64);
  if (embDim % 2 === 0) throw invalid(`embDim is ${embDim}`, 'an odd number: time, cosines and sines');
  if (!Number.isFinite(shift)) throw invalid(`shift is ${shift}`, 'a number');
  if (filterLayout !== 'order-first' && filterLayout !== 'channel-first') {
    throw invalid(`filterLayout is ${filterLayout}`, 'order-first or channel-first');
  }
  const lanes = (order - 1) * dModel;
  const window = powerOfTwo(lMax);
  if (lanes * window > 16_777_216) throw invalid(`${lanes} filters of ${lMax} taps`, 'at most 2^24 taps in all');
  return { lanes, window, shortTaps };
}

function invalid(found: string, expected: string): Error {
  return engineError('ERR_CONFIG_INVALID', `hyena: ${found}`, { expected });
}

/**
 * The tensors under `prefix`, for instance `backbone.layers.0.mixer.`.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function hyenaParams(weights: Weights, prefix: string, config: HyenaConfig): HyenaParams {
  const { lanes, shortTaps } = hyenaSizes(config);
  const { dModel, order, lMax, filterLayout } = config;
  const width = (order + 1) * dModel;
  const read = (name: string, ...shape: number[]): Float32Array => tensor(weights, prefix + name, shape);
  const filter = hyenaFilter(read, config, lanes);
  const bias = read('filter_fn.bias', lanes);
  const channelOf = (lane: number): number =>
    filterLayout === 'order-first' ? lane : (lane % dModel) * (order - 1) + Math.floor(lane / dModel);
  return {
    inWeight: read('in_proj.weight', width, dModel),
    inBias: read('in_proj.bias', width),
    shortWeight: read('short_filter.weight', width, 1, shortTaps),
    shortBias: read('short_filter.bias', width),
    taps: Float64Array.from({ length: lanes * lMax }, (_, i) => {
      return filter[(i % lMax) * lanes + channelOf(Math.floor(i / lMax))]!;
    }),
    filterBias: Float64Array.from({ length: lanes }, (_, lane) => bias[channelOf(lane)]!),
    outWeight: read('out_proj.weight', dModel, dModel),
    outBias: read('out_proj.bias', dModel),
  };
}

/** The implicit filter at every tap, [lMax, lanes] in the file's channel order: sin(freq x) between linear layers. */
function hyenaFilter(
  read: (name: string, ...shape: number[]) => Float32Array,
  { lMax, filterOrder, innerMlps, embDim, shift = 0 }: HyenaConfig,
  lanes: number,
): Float64Array {
  const layer = (j: number) => `filter_fn.implicit_filter.${j}`;
  const z = read('filter_fn.pos_emb.z', 1, lMax, embDim);
  const t = read('filter_fn.pos_emb.t', 1, lMax, 1);
  const deltas = read('filter_fn.modulation.deltas', 1, 1, lanes);
  const freq = read(`${layer(1)}.freq`, 1, filterOrder); // upstream shares one Sin: its other copies are the same numbers
  const hidden = Array.from({ length: innerMlps + 1 }, (_, j) => ({
    weight: read(`${layer(2 * j)}.weight`, filterOrder, j === 0 ? embDim : filterOrder),
    bias: read(`${layer(2 * j)}.bias`, filterOrder),
  }));
  const last = read(`${layer(2 * innerMlps + 2)}.weight`, lanes, filterOrder);
  const filter = new Float64Array(lMax * lanes);
  for (let row = 0; row < lMax; row++) {
    let x = Float64Array.from(z.subarray(row * embDim, (row + 1) * embDim));
    for (const { weight, bias } of hidden) {
      const input = x;
      x = Float64Array.from(bias, (b, i) => sin(freq[i]! * dot(weight, i, input, b)));
    }
    for (let lane = 0; lane < lanes; lane++) {
      const decay = exp(-t[row]! * Math.abs(deltas[lane]!));
      filter[row * lanes + lane] = dot(last, lane, x, 0) * (decay + shift);
    }
  }
  return filter;
}

function dot(weight: Float32Array, row: number, x: Float64Array, start: number): number {
  let sum = start;
  for (let k = 0; k < x.length; k++) sum += weight[row * x.length + k]! * x[k]!;
  return sum;
}
