import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../weights/tensor.ts';
import { closeTo, noiseRows } from '../laws.ts';
import { makeState, stateBytes } from '../state.ts';
import { moaCell, naiveMoa } from './index.ts';
import type { MoaConfig } from './params.ts';
import { sampleMoa } from './sample.ts';

const { weights, config } = sampleMoa(2); // window 4, 2 of 3 experts
const x = noiseRows(1, 30, 4);

function outputs(changes: Partial<MoaConfig>, tensors: ReadonlyMap<string, Tensor> = weights): Float32Array {
  const cell = moaCell(tensors, '', { ...config, ...changes });
  const state = makeState(cell.layout);
  cell.init(state);
  const y = new Float32Array(x.length);
  cell.scan!(state, x, y, 30);
  return y;
}

describe('moaCell', () => {
  it('has the state its README promises, whatever the number of experts: 8 window (kvHeads headDim + 1) + 8 bytes', () => {
    const cell = moaCell(weights, '', config);
    expect(stateBytes(cell.layout)).toBe(8 * 4 * (2 * 2 + 1) + 8);
    expect(cell.contextRows).toBe(4);
    expect(cell.flops).toBe(2 * 4 * (3 + 8) + 2 * 4 * (4 * 4 + 4 * 4));
  });

  it('does what its slow twin does for any number of chosen experts and any window', () => {
    for (const chosen of [1, 2, 3]) {
      for (const window of [1, 7, 50]) {
        const changed = { ...config, chosen, window };
        expect(closeTo(outputs(changed), naiveMoa(weights, '', changed, x, 30), 1e-5)).toBe(true);
      }
    }
  });

  it('with equal experts is one of them, however many are chosen: gates sum to 1', () => {
    const alike = new Map(weights);
    for (const name of ['experts.input_linear.weight', 'experts.output_linear.weight']) {
      const { data, shape } = weights.get(name)!;
      alike.set(name, { shape, data: data.map((_, i) => data[i % 16]!) });
    }
    const [one, two, three] = [1, 2, 3].map((chosen) => outputs({ chosen }, alike));
    expect(closeTo(two!, one!, 1e-6)).toBe(true);
    expect(closeTo(three!, one!, 1e-6)).toBe(true);
    expect(closeTo(outputs({ chosen: 2 }), outputs({ chosen: 1 }), 1e-2)).toBe(false);
  });

  it('of an expert that nobody chose keeps nothing: keys and values do not depend on the choice', () => {
    const other = new Map(weights).set('experts.router.layer.weight', { shape: [3, 4], data: new Float32Array(12) });
    const states = [weights, other].map((tensors) => {
      const cell = moaCell(tensors, '', config);
      const state = makeState(cell.layout);
      cell.init(state);
      cell.scan!(state, x, new Float32Array(x.length), 30);
      return state.bytes;
    });
    expect(states[0]).toEqual(states[1]);
  });

  it('when told to, refuses the row beyond its window, and is left as it was', () => {
    const cell = moaCell(weights, '', { ...config, whenFull: 'refuse' });
    const state = makeState(cell.layout);
    cell.init(state);
    const y = new Float32Array(16);
    cell.scan!(state, x, y, 4);
    expect(closeTo(y, naiveMoa(weights, '', config, x, 4), 1e-5)).toBe(true);
    const before = state.bytes.slice();
    expect(() => cell.step(state, x.subarray(16, 20), y)).toThrow(
      expect.objectContaining({ code: 'ERR_CONTEXT_FULL', scope: 'stream' }),
    );
    expect(state.bytes).toEqual(before);
  });

  it.each([
    ['a missing tensor', 'kv_proj.weight', {}, 'ERR_WEIGHTS_MISSING'],
    ['another number of experts', '', { experts: 4 }, 'ERR_WEIGHTS_SHAPE'],
    ['more chosen than there are', '', { chosen: 4 }, 'ERR_CONFIG_INVALID'],
    ['an odd headDim', '', { headDim: 3 }, 'ERR_CONFIG_INVALID'],
    ['no window', '', { window: 0 }, 'ERR_CONFIG_INVALID'],
    ['an absurd window', '', { window: 1e12 }, 'ERR_CONFIG_INVALID'],
    ['a theta of zero', '', { theta: 0 }, 'ERR_CONFIG_INVALID'],
  ])('refuses %s', (_what, missing, change, code) => {
    const given = new Map([...weights].filter(([name]) => name !== missing));
    expect(() => moaCell(given, '', { ...config, ...change })).toThrow(expect.objectContaining({ code }));
  });
});
