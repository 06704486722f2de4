import { describe, expect, it } from 'vitest';
import { sigmoid } from '../../base/math.ts';
import { gatedMlp } from '../../kernel/plain/gated-mlp.ts';
import type { Tensor } from '../../weights/tensor.ts';
import { closeTo, noiseRows } from '../laws.ts';
import { makeState, stateBytes } from '../state.ts';
import { moeCell, naiveMoe } from './index.ts';
import type { MoeConfig } from './params.ts';
import { sampleMoe } from './sample.ts';

const SEEDS = [1, 2, 3, 4].map((seed) => [sampleMoe(seed).config.family, seed] as const);
const x = noiseRows(1, 40, 4);

function outputs(weights: ReadonlyMap<string, Tensor>, config: MoeConfig, input = x): Float32Array {
  const cell = moeCell(weights, '', config);
  const y = new Float32Array(input.length);
  cell.scan!(makeState(cell.layout), input, y, input.length / 4);
  return y;
}
/** What expert e of a family with tensors of its own for each expert gives for a row. */
function expert(
  weights: ReadonlyMap<string, Tensor>,
  name: string,
  hidden: number,
  row: Float32Array,
  parts: string[],
) {
  const [gate, up, down] = parts.map((part) => weights.get(`${name}.${part}.weight`)!.data);
  const y = new Float32Array(4);
  const [a, b] = [new Float32Array(hidden), new Float32Array(hidden)];
  gatedMlp({ gate: gate!, up: up!, down: down! }, row, a, b, y);
  return y;
}
const logitsOf = (router: Float32Array, row: Float32Array) =>
  Array.from({ length: 5 }, (_, e) => row.reduce((sum, value, i) => sum + value * router[e * 4 + i]!, 0));

describe('moeCell', () => {
  it('has no state and sees one row', () => {
    const { weights, config } = sampleMoe(1);
    const cell = moeCell(weights, '', config);
    expect(stateBytes(cell.layout)).toBe(0);
    expect(cell.contextRows).toBe(1);
    expect(cell.flops).toBe(2 * 5 * 4 + 6 * 4 * 2 * 6);
    const qwen = sampleMoe(4);
    expect(moeCell(qwen.weights, '', qwen.config).flops).toBe(2 * 5 * 4 + 6 * 4 * (2 * 6 + 3) + 2 * 4);
  });

  it.each(SEEDS)('%s does what its slow twin does, for any number of chosen experts', (_family, seed) => {
    const { weights, config } = sampleMoe(seed);
    for (const chosen of [1, 2, 3, 5]) {
      const changed = { ...config, chosen };
      expect(closeTo(outputs(weights, changed), naiveMoe(weights, '', changed, x, 40), 1e-5)).toBe(true);
    }
  });

  it('with every expert chosen is the dense mixture under the softmax of the router: both rules alike', () => {
    const { weights, config } = sampleMoe(3);
    const dense = new Float32Array(x.length);
    for (let t = 0; t < 40; t++) {
      const row = x.subarray(t * 4, t * 4 + 4);
      const odds = logitsOf(weights.get('router.weight')!.data, row).map(Math.exp);
      const total = odds.reduce((a, b) => a + b);
      for (let e = 0; e < 5; e++) {
        const y = expert(weights, `experts.${e}`, 6, row, ['gate_proj', 'up_proj', 'down_proj']);
        for (let i = 0; i < 4; i++) dense[t * 4 + i] = dense[t * 4 + i]! + (odds[e]! / total) * y[i]!;
      }
    }
    expect(closeTo(outputs(weights, { ...config, chosen: 5 }), dense, 1e-5)).toBe(true);
    const renamed = new Map(weights).set('gate.weight', weights.get('router.weight')!);
    for (let e = 0; e < 5; e++) {
      for (const [mixtral, jamba] of Object.entries({ w1: 'gate_proj', w3: 'up_proj', w2: 'down_proj' })) {
        renamed.set(`experts.${e}.${mixtral}.weight`, weights.get(`experts.${e}.${jamba}.weight`)!);
      }
    }
    const mixtral = (chosen: number) => outputs(renamed, { ...config, family: 'mixtral', chosen });
    expect(closeTo(mixtral(5), dense, 1e-5)).toBe(true);
    // With fewer, Jamba's gates do not sum to 1: less comes through.
    expect(closeTo(mixtral(2), outputs(weights, config), 1e-2)).toBe(false);
  });

  it('between equal experts takes the one of lowest index', () => {
    const { weights, config } = sampleMoe(2);
    const tied = new Map(weights).set('gate.weight', { shape: [5, 4], data: new Float32Array(20) });
    const y = outputs(tied, { ...config, chosen: 1 });
    for (let t = 0; t < 40; t++) {
      const first = expert(weights, 'experts.0', 6, x.subarray(t * 4, t * 4 + 4), ['w1', 'w3', 'w2']);
      expect(y.subarray(t * 4, t * 4 + 4)).toEqual(first);
    }
  });

  it('of Qwen3-Next adds a shared expert behind a gate of its own', () => {
    const { weights, config } = sampleMoe(4);
    const silent = new Map(weights).set('shared_expert.down_proj.weight', {
      shape: [4, 3],
      data: new Float32Array(12),
    });
    const [y, without] = [outputs(weights, config), outputs(silent, config)];
    for (let t = 0; t < 40; t++) {
      const row = x.subarray(t * 4, t * 4 + 4);
      const shared = expert(weights, 'shared_expert', 3, row, ['gate_proj', 'up_proj', 'down_proj']);
      const g = weights.get('shared_expert_gate.weight')!.data;
      const gate = sigmoid(row.reduce((sum, value, i) => sum + value * g[i]!, 0));
      for (let i = 0; i < 4; i++) expect(y[t * 4 + i]).toBeCloseTo(without[t * 4 + i]! + gate * shared[i]!, 5);
    }
  });

  it.each([
    ['jamba', 3],
    ['qwen3-next', 4],
  ])('%s reads fused and separate expert tensors alike', (_family, seed) => {
    const { weights, config } = sampleMoe(seed);
    const fused = new Map([...weights].filter(([name]) => !name.startsWith('experts.')));
    const join = (parts: string[]) =>
      [0, 1, 2, 3, 4].flatMap((e) => parts.flatMap((part) => [...weights.get(`experts.${e}.${part}.weight`)!.data]));
    const put = (name: string, shape: number[], values: number[]) =>
      fused.set(name, { shape, data: Float32Array.from(values) });
    put('experts.gate_up_proj', [5, 12, 4], join(['gate_proj', 'up_proj']));
    put('experts.down_proj', [5, 4, 6], join(['down_proj']));
    expect(outputs(fused, config)).toEqual(outputs(weights, config));
  });

  it.each([
    ['a missing router', 1, 'router.layer.weight', {}, 'ERR_WEIGHTS_MISSING'],
    ['a missing expert', 2, 'experts.4.w2.weight', {}, 'ERR_WEIGHTS_MISSING'],
    ['a missing shared expert', 4, 'shared_expert.up_proj.weight', {}, 'ERR_WEIGHTS_MISSING'],
    ['another number of experts', 1, '', { experts: 4 }, 'ERR_WEIGHTS_SHAPE'],
    ['more chosen than there are', 1, '', { chosen: 6 }, 'ERR_CONFIG_INVALID'],
    ['none chosen', 1, '', { chosen: 0 }, 'ERR_CONFIG_INVALID'],
    ['an absurd width', 1, '', { dHidden: 1e12 }, 'ERR_CONFIG_INVALID'],
    ['no width of the shared expert', 4, '', { sharedHidden: 0 }, 'ERR_CONFIG_INVALID'],
    ['a family it does not know', 1, '', { family: 'switch' as never }, 'ERR_CONFIG_INVALID'],
  ])('refuses %s', (_what, seed, missing, change, code) => {
    const { weights, config } = sampleMoe(seed);
    const given = new Map([...weights].filter(([name]) => name !== missing));
    expect(() => moeCell(given, '', { ...config, ...change })).toThrow(expect.objectContaining({ code }));
  });
});
