// RWKV-7 channel mixing, the feed-forward half of a layer: a cell that remembers one row. No gate, unlike RWKV-4 and 6.
//   y = value relu(key (x + x_k (previous x - x)))^2
// Peng et al. 2025, 2503.14456. The state is 4 D bytes. It sees 2 rows: this one and the one before.

import { rwkvChannelMix } from '../../kernel/plain/rwkv-channel-mix.ts';
import type { Weights } from '../../weights/tensor.ts';
import type { Cell } from '../cell.ts';
import { scanBySteps } from '../scan-by-steps.ts';
import { f32, type State } from '../state.ts';
import { lowerChannelMix } from './lower.ts';
import { type Rwkv7Config, readChannelMix } from './params.ts';

/** shift [D]: the row before. */
export type Rwkv7ChannelMixLayout = { readonly shift: ReturnType<typeof f32> };

/**
 * The channel mixing with the tensors under `prefix`, for instance `blocks.0.ffn.`; dIn = dOut = dModel.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING, ERR_WEIGHTS_SHAPE
 */
export function rwkv7ChannelMixCell(
  weights: Weights,
  prefix: string,
  config: Rwkv7Config,
): Cell<Rwkv7ChannelMixLayout> {
  const params = readChannelMix(weights, prefix, config);
  const { dModel, dHidden } = config;
  const scratch = { mixed: new Float32Array(dModel), hidden: new Float32Array(dHidden) };

  const step = ({ at }: State<Rwkv7ChannelMixLayout>, x: Float32Array, y: Float32Array): void => {
    rwkvChannelMix(params, x, at.shift, scratch, y);
    at.shift.set(x);
  };

  return {
    kind: 'rwkv7-channel-mix',
    dIn: dModel,
    dOut: dModel,
    layout: { shift: f32(dModel) },
    contextRows: 2,
    flops: 4 * dModel * dHidden + 3 * dModel + 2 * dHidden,
    init({ at }) {
      at.shift.fill(0);
    },
    step,
    scan: scanBySteps({ dIn: dModel, dOut: dModel, step }),
    // Only the order of rows counts here, not their distance.
    stepAfter: step,
    lower: (simd, region) => lowerChannelMix(params, config, simd, region),
    // The token shift holds the last row that came.
    skip() {},
  };
}
