import { describe, expect, it } from 'vitest';
import { seededRandom } from '../seeded-random.ts';
import { makeState, stateBytes } from '../state.ts';
import { readBody, readLinear, stackCell } from './index.ts';
import { sampleStack } from './sample.ts';

const { parts } = sampleStack(1);
const weightsOf = (shapes: Record<string, number[]>) => {
  const random = seededRandom(1);
  return new Map(
    Object.entries(shapes).map(([name, shape]) => {
      const length = shape.reduce((product, size) => product * size, 1);
      return [name, { shape, data: Float32Array.from({ length }, random) }];
    }),
  );
};

describe('stackCell', () => {
  it('lays the states of its mixers side by side under names of their layer', () => {
    const cell = stackCell(parts);
    expect(Object.keys(cell.layout)).toEqual(['layers.0.h', 'layers.1.h', 'layers.2.h', 'layers.2.feed_forward.h']);
    expect(stateBytes(cell.layout)).toBe(4 * 4 * 4);
    expect([cell.dIn, cell.dOut]).toEqual([3, 2]);
    const body = stackCell(sampleStack(2).parts);
    expect([body.dIn, body.dOut]).toEqual([4, 4]);
  });

  it('sees 1 + sum of (context - 1) rows, and without bound when one mixer does', () => {
    const windowed = (contextRows: number) => ({
      ...parts.blocks[0]!,
      mixer: { ...parts.blocks[0]!.mixer, contextRows },
    });
    expect(stackCell({ ...parts, blocks: [windowed(8), windowed(8), windowed(3)] }).contextRows).toBe(17);
    expect(stackCell({ ...parts, blocks: [] }).contextRows).toBe(1);
    expect(stackCell({ ...parts, blocks: [windowed(8), windowed(Infinity)] }).contextRows).toBe(Infinity);
  });

  it('without blocks and ends is the identity', () => {
    const cell = stackCell({ dModel: 3, eps: 1e-5, blocks: [] });
    const y = new Float32Array(3);
    cell.step(makeState(cell.layout), Float32Array.of(1, -2, 3), y);
    expect([...y]).toEqual([1, -2, 3]);
  });

  it('skips only if every mixer can', () => {
    const { skip: _, ...stiff } = parts.blocks[0]!.mixer;
    expect(stackCell(parts).skip).toBeTypeOf('function');
    expect(
      stackCell({ ...parts, blocks: [parts.blocks[1]!, { ...parts.blocks[0]!, mixer: stiff }] }).skip,
    ).toBeUndefined();
  });

  it('hands every mixer its own part of the state when it skips', () => {
    const cell = stackCell(parts);
    const state = makeState(cell.layout);
    cell.init(state);
    state.at['layers.0.h']!.fill(8);
    state.at['layers.1.h']!.fill(4);
    cell.skip!(state, 2); // the sample mixer halves at every row
    expect([...state.at['layers.0.h']!, ...state.at['layers.1.h']!]).toEqual([2, 2, 2, 2, 1, 1, 1, 1]);
  });

  it.each([
    ['a head of another width', { head: { ...parts.head!, dIn: 5 } }],
    ['an embedding of another width', { embed: { ...parts.embed!, dOut: 5 } }],
    ['a norm behind the embedding of another width', { embedNorm: { ...parts.embedNorm!, bias: new Float32Array(3) } }],
    ['a final norm of another width', { finalNorm: new Float32Array(3) }],
    ['a mixer of another width', { dModel: 5 }],
  ])('refuses %s', (_what, change) => {
    expect(() => stackCell({ ...parts, ...change })).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }));
  });
});

describe('reading a stack', () => {
  const mixers = parts.blocks.slice(0, 2).map(({ mixer }) => mixer);

  it('finds the names of the Mamba family', () => {
    const weights = weightsOf({
      'backbone.layers.0.norm.weight': [4],
      'backbone.layers.1.norm.weight': [4],
      'backbone.norm_f.weight': [4],
    });
    const body = readBody(weights, 'backbone', { dModel: 4, eps: 1e-5 }, mixers);
    expect(body.blocks.map(({ norm }) => norm)).toEqual(
      [0, 1].map((i) => weights.get(`backbone.layers.${i}.norm.weight`)!.data),
    );
    expect(body.finalNorm).toBe(weights.get('backbone.norm_f.weight')!.data);
    expect(body.blocks.every(({ mlp }) => mlp === undefined)).toBe(true);
  });

  it('finds the names of the Llama family, and says which is missing', () => {
    const shapes: Record<string, number[]> = { 'model.norm.weight': [4], 'embed.weight': [4, 3], 'embed.bias': [4] };
    for (const layer of ['model.layers.0', 'model.layers.1']) {
      shapes[`${layer}.input_layernorm.weight`] = [4];
      shapes[`${layer}.post_attention_layernorm.weight`] = [4];
      shapes[`${layer}.mlp.gate_proj.weight`] = [6, 4];
      shapes[`${layer}.mlp.up_proj.weight`] = [6, 4];
      shapes[`${layer}.mlp.down_proj.weight`] = [4, 6];
    }
    const weights = weightsOf(shapes);
    const config = { dModel: 4, eps: 1e-5, dHidden: 6 };
    const body = readBody(weights, 'model', config, mixers);
    expect(body.blocks[1]!.mlp!.down).toBe(weights.get('model.layers.1.mlp.down_proj.weight')!.data);
    expect(readLinear(weights, 'embed', 3, 4)).toMatchObject({ dIn: 3, dOut: 4 });
    weights.delete('model.layers.1.mlp.up_proj.weight');
    expect(() => readBody(weights, 'model', config, mixers)).toThrow(/model\.layers\.1\.mlp\.up_proj\.weight/);
    expect(() => readBody(weights, 'model', { dModel: 4, eps: 1e-5 }, mixers)).toThrow(/dHidden/);
  });
});
