// The mixed families against float64 compositions written from the equations (naive-families.ts), on tiny random
// checkpoints that go through files: more seeds, dtypes, stored forms and damage than golden.test.ts has. What they are to
// upstream code is said there.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeState } from '../../src/cell/state.ts';
import { buildTokenModel, type TokenModel } from '../../src/model/token-model.ts';
import { openModel } from '../../src/weights/open-model.ts';
import type { Tensor } from '../../src/weights/tensor.ts';
import { relativeError } from '../helpers/golden.ts';
import { naiveFalconMamba, naiveJamba, naiveQwen3Next } from '../helpers/naive-families.ts';
import { type Tiny, tinyFalconMamba, tinyJamba, tinyQwen3Next } from '../helpers/tiny-checkpoints.ts';
import { cutTo, writeCheckpoint } from '../helpers/write-checkpoint.ts';

/**
 * model_type, checkpoint, twin, tolerance. The norm behind Qwen3-Next's delta rule divides by what was read, which may be
 * small in all of a head: it enlarges the rounding of the f32 state. Upstream's own float32 is 5e-5 off its float64 there.
 */
const FAMILIES = [
  ['falcon_mamba', tinyFalconMamba, naiveFalconMamba, 1e-5],
  ['jamba', tinyJamba, naiveJamba, 1e-5],
  ['qwen3_next', tinyQwen3Next, naiveQwen3Next, 2e-4],
] as const;
const IDS = Array.from({ length: 37 }, (_, t) => (t * t + 3 * t) % 27);

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'families-'));
});
afterAll(() => rm(root, { recursive: true }));

function logitsOf(model: TokenModel, cut = IDS.length): Float32Array {
  const { cell, dModel, vocabSize } = model;
  const state = makeState(cell.layout);
  cell.init(state);
  const x = new Float32Array(IDS.length * dModel);
  for (const [t, id] of IDS.entries()) model.embed(id, x.subarray(t * dModel, (t + 1) * dModel));
  const y = new Float32Array(IDS.length * vocabSize);
  if (cut > 0) cell.scan!(state, x, y, cut);
  for (let t = cut; t < IDS.length; t++) {
    cell.step(state, x.subarray(t * dModel, (t + 1) * dModel), y.subarray(t * vocabSize, (t + 1) * vocabSize));
  }
  return y;
}

const build = ({ config, tensors }: Tiny) => buildTokenModel({ id: '', name: 'tiny', config, weights: tensors });

describe.each(FAMILIES)('%s', (name, tiny, naive, tolerance) => {
  it.each([1, 2, 3])(
    'gives the logits of the equations in float64, whole, by steps and mixed (seed %i)',
    async (seed) => {
      const { config, tensors } = tiny(seed);
      const folder = join(root, `${name}-${seed}`);
      await writeCheckpoint(folder, config, tensors, { shards: seed });
      const model = buildTokenModel(await openModel(folder));
      expect(model.type).toBe(name);
      const expected = naive(config, tensors, IDS).flat();
      for (const cut of [IDS.length, 13, 0]) {
        expect(relativeError(logitsOf(model, cut), expected)).toBeLessThanOrEqual(tolerance);
      }
      expect(model.parameters).toBe([...tensors.values()].reduce((sum, { data }) => sum + data.length, 0));
    },
  );

  it.each(['BF16', 'F16'] as const)('reads a checkpoint in %s as the numbers it holds', async (dtype) => {
    const { config, tensors } = tiny(4);
    const cut = cutTo(tensors, dtype);
    const folder = join(root, `${name}-${dtype}`);
    await writeCheckpoint(folder, config, cut, { dtype, shards: 2 });
    const model = buildTokenModel(await openModel(folder));
    expect(logitsOf(model)).toEqual(logitsOf(build({ config, tensors: cut })));
    expect(logitsOf(model)).not.toEqual(logitsOf(build({ config, tensors })));
  });

  it('misses every tensor that is left out, by name, and refuses one too many', () => {
    const { config, tensors } = tiny(5);
    for (const missing of tensors.keys()) {
      const rest = new Map([...tensors].filter(([key]) => key !== missing));
      // Whether a mixture is stored fused or not is seen by its first tensor, so a sibling may be named.
      const build = () => buildTokenModel({ id: '', name, config, weights: rest });
      expect(build).toThrow(
        expect.objectContaining({ code: 'ERR_WEIGHTS_MISSING', message: expect.stringContaining(missing) }),
      );
    }
    const more = new Map(tensors).set('model.layers.0.extra.weight', tensors.get([...tensors.keys()][0]!)!);
    expect(() => buildTokenModel({ id: '', name, config, weights: more })).toThrow(/model\.layers\.0\.extra\.weight/);
  });

  it('refuses every tensor of another shape and every tensor with a NaN, by name', () => {
    const { config, tensors } = tiny(6);
    for (const [key, { shape, data }] of tensors) {
      const swapped: Tensor = {
        shape: [...shape.slice(0, -1), shape.at(-1)! + 1],
        data: new Float32Array(data.length * 2),
      };
      const spoiled: Tensor = { shape, data: data.with(data.length - 1, NaN) };
      for (const [tensor, code] of [
        [swapped, 'ERR_WEIGHTS_SHAPE'],
        [spoiled, 'ERR_WEIGHTS_NOT_FINITE'],
      ] as const) {
        const weights = new Map(tensors).set(key, tensor);
        const build = () => buildTokenModel({ id: '', name, config, weights });
        expect(build).toThrow(expect.objectContaining({ code, message: expect.stringContaining(key) }));
      }
    }
  });
});

describe('stored forms', () => {
  it.each([
    ['jamba', tinyJamba, 'feed_forward', 10],
    ['qwen3_next', tinyQwen3Next, 'mlp', 9],
  ] as const)('%s reads fused experts as it reads them one by one', (_name, tiny, part, hidden) => {
    const { config, tensors } = tiny(7);
    const fused = new Map([...tensors].filter(([key]) => !key.includes('.experts.')));
    const layers = new Set(
      [...tensors.keys()].filter((key) => key.includes('.experts.')).map((key) => key.split('.')[2]!),
    );
    expect(layers.size).toBeGreaterThan(1);
    const d = config.hidden_size as number;
    for (const layer of layers) {
      const prefix = `model.layers.${layer}.${part}.experts`;
      const all = (projections: string[]) =>
        Float32Array.from(
          [0, 1, 2, 3].flatMap((e) =>
            projections.flatMap((p) => [...tensors.get(`${prefix}.${e}.${p}_proj.weight`)!.data]),
          ),
        );
      fused.set(`${prefix}.gate_up_proj`, { shape: [4, 2 * hidden, d], data: all(['gate', 'up']) });
      fused.set(`${prefix}.down_proj`, { shape: [4, d, hidden], data: all(['down']) });
    }
    expect(logitsOf(build({ config, tensors: fused }))).toEqual(logitsOf(build({ config, tensors })));
  });

  it('qwen3_next finds its attention layers by interval when no list names them, and passes over mtp.', () => {
    const { config, tensors } = tinyQwen3Next(8);
    const { layer_types: _, ...older } = config;
    const extra = new Map(tensors).set('mtp.fc.weight', { shape: [1], data: Float32Array.of(1) });
    const model = build({ config: { ...older, full_attention_interval: 4 }, tensors: extra });
    expect(logitsOf(model)).toEqual(logitsOf(build({ config, tensors })));
  });

  it('a head that is not stored is the embedding, unless the config denies it', () => {
    const { config, tensors } = tinyFalconMamba(9);
    const bare = new Map([...tensors].filter(([key]) => key !== 'lm_head.weight'));
    const copied = new Map(bare).set('lm_head.weight', tensors.get('backbone.embeddings.weight')!);
    const tied = build({ config: { ...config, tie_word_embeddings: true }, tensors: bare });
    expect(logitsOf(tied)).toEqual(logitsOf(build({ config, tensors: copied })));
    expect(() => build({ config, tensors: bare })).toThrow(/lm_head\.weight/);
  });

  it("the original name of Mamba's embedding is read too", () => {
    const { config, tensors } = tinyFalconMamba(10);
    const renamed = new Map(
      [...tensors].map(([key, tensor]) => [key.replace('backbone.embeddings.', 'backbone.embedding.'), tensor]),
    );
    expect(logitsOf(build({ config, tensors: renamed }))).toEqual(logitsOf(build({ config, tensors })));
  });
});
