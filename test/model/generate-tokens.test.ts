import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { makeState } from '../../src/cell/state.ts';
import { generateTokens, greedy, sampler } from '../../src/model/generate-tokens.ts';
import { buildTokenModel } from '../../src/model/token-model.ts';
import { modelFromBytes } from '../../src/weights/model-from-bytes.ts';

const open = (name: string, contextRows?: number) => {
  const read = (file: string) => readFileSync(new URL(`../golden/${name}/${file}`, import.meta.url));
  const model = modelFromBytes({ name, config: read('config.json'), weights: read('model.safetensors') });
  return buildTokenModel(model, contextRows === undefined ? {} : { contextRows });
};

describe('generateTokens', () => {
  it.each(['mamba', 'rwkv', 'recurrent_gemma', 'llama_gqa'])(
    '%s: each token is the likeliest after all before it',
    (name) => {
      const model = open(name);
      const ids = [5, 1, 60];
      const made = [...generateTokens(model, ids, 12, greedy)];
      expect(made).toHaveLength(12);
      // From the beginning again for each, whole.
      for (let n = 0; n < made.length; n++) {
        const all = [...ids, ...made.slice(0, n)];
        const x = new Float32Array(all.length * model.dModel);
        for (const [t, id] of all.entries()) model.embed(id, x.subarray(t * model.dModel, (t + 1) * model.dModel));
        const y = new Float32Array(all.length * model.vocabSize);
        const state = makeState(model.cell.layout);
        model.cell.init(state);
        model.cell.scan!(state, x, y, all.length);
        expect(greedy(y.subarray(-model.vocabSize))).toBe(made[n]);
      }
    },
  );

  it('takes as many rows as there are tokens but the last: a declared context of so many is enough', () => {
    expect([...generateTokens(open('llama_gqa', 9), [1, 2], 8, greedy)]).toHaveLength(8);
    expect(() => [...generateTokens(open('llama_gqa', 8), [1, 2], 8, greedy)]).toThrow(/context is full/);
  });

  it('refuses a token that is not in the vocabulary', () => {
    for (const id of [64, -1, 0.5, Number.NaN]) {
      expect(() => [...generateTokens(open('mamba'), [1, id], 1, greedy)]).toThrow(/token id/);
    }
  });
});

describe('picking a token', () => {
  it('greedy takes the largest, the lowest of equal ones', () => {
    expect(greedy(Float32Array.of(0, 3, 3, -1))).toBe(1);
  });

  it('a sampler draws by the softmax at its temperature, the same for the same seed', () => {
    const logits = Float32Array.from([0, 1, 2].map((k) => Math.log(k + 1))); // odds 1 : 2 : 3
    const draw = (temperature: number, seed: number) => {
      const pick = sampler(temperature, seed);
      const counts = [0, 0, 0];
      for (let i = 0; i < 30_000; i++) counts[pick(logits)]!++;
      return counts.map((count) => count / 30_000);
    };
    for (const [k, share] of draw(1, 1).entries()) expect(share).toBeCloseTo((k + 1) / 6, 1);
    for (const [k, share] of draw(0.5, 2).entries()) expect(share).toBeCloseTo((k + 1) ** 2 / 14, 1);
    expect(draw(1, 3)).toEqual(draw(1, 3));
    expect(draw(1, 3)).not.toEqual(draw(1, 4));
    expect(draw(0.01, 5)).toEqual([0, 0, 1]);
  });
});
