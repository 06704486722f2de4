// Both mixings of an RWKV-6 layer against the row-by-row inference of ChatRWKV (commit b8715a7, RWKV_v6_demo.py), its two
// functions carried over from torch to numpy and run in float64 on random weights in the shapes of a checkpoint.

import { describe, expect, it } from 'vitest';
import type { Cell } from '../../../src/cell/cell.ts';
import { naiveRwkv6, naiveRwkv6ChannelMix, rwkv6Cell, rwkv6ChannelMixCell } from '../../../src/cell/rwkv6/index.ts';
import { makeState } from '../../../src/cell/state.ts';
import { expectParity, readGolden, readGoldenWeights, relativeError, scanStreams } from '../../helpers/golden.ts';

const [ROWS, D, HEAD_DIM] = [40, 16, 4];
const config = { dModel: D, headDim: HEAD_DIM, dHidden: 48 };
const golden = readGolden('rwkv6_layer');
const weights = readGoldenWeights('rwkv6_layer');
const timeMix = rwkv6Cell(weights, 'blocks.0.att.', config);
const channelMix = rwkv6ChannelMixCell(weights, 'blocks.0.ffn.', config);
const x = Float32Array.from(golden('in.x'));

describe('RWKV-6 against ChatRWKV', () => {
  it('the time mixing gives the same rows and the same state after every row', () => {
    const state = makeState(timeMix.layout);
    timeMix.init(state);
    const y = new Float32Array(ROWS * D);
    for (let t = 0; t < ROWS; t++) {
      const row = x.subarray(t * D, (t + 1) * D);
      timeMix.step(state, row, y.subarray(t * D, (t + 1) * D));
      expectParity(state.at.S, golden('state.S').subarray(t * D * HEAD_DIM, (t + 1) * D * HEAD_DIM));
      expect(state.at.shift).toEqual(row);
    }
    expectParity(y, golden('out.att'));
  });

  it.each<[string, Cell, string]>([
    ['time mixing', timeMix, 'out.att'],
    ['channel mixing', channelMix, 'out.ffn'],
  ])('the %s gives the same rows in one scan', (_part, cell, expected) => {
    expectParity(scanStreams(cell, x, ROWS), golden(expected));
  });

  it('the slow twins give the same rows in float64', () => {
    const attended = naiveRwkv6(weights, 'blocks.0.att.', config, golden('in.x'), ROWS);
    expect(relativeError(attended, golden('out.att'))).toBeLessThanOrEqual(1e-11);
    const mixed = naiveRwkv6ChannelMix(weights, 'blocks.0.ffn.', config, golden('in.x'), ROWS);
    expect(relativeError(mixed, golden('out.ffn'))).toBeLessThanOrEqual(1e-11);
  });
});
