// What a family makes of a config.json that is wrong: every field of every family, set to what nobody would write, gives a
// coded error or a model - never a crash, a hang, or memory for something that is not there.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EngineError } from '../../src/base/errors.ts';
import { buildTokenModel } from '../../src/model/token-model.ts';
import { modelFromBytes } from '../../src/weights/model-from-bytes.ts';
import type { Model } from '../../src/weights/tensor.ts';
import { tinyFalconMamba, tinyJamba, tinyQwen3Next } from '../helpers/tiny-checkpoints.ts';

function goldenModel(name: string): Model {
  const read = (file: string) => readFileSync(new URL(`../golden/${name}/${file}`, import.meta.url));
  return modelFromBytes({ name, config: read('config.json'), weights: read('model.safetensors') });
}
const tinyModel = (name: string, { config, tensors }: ReturnType<typeof tinyJamba>): Model => ({
  ...{ id: '', name, config },
  weights: tensors,
});

const MODELS: readonly Model[] = [
  ...['mamba', 'mamba2_g1', 'rwkv', 'recurrent_gemma', 'llama_gqa', 'mistral_swa', 'jetmoe'].map(goldenModel),
  tinyModel('falcon_mamba', tinyFalconMamba(1)),
  tinyModel('jamba', tinyJamba(1)),
  tinyModel('qwen3_next', tinyQwen3Next(1)),
];
const ABSURD = [
  ...[null, undefined, true, false, '', 'auto', 'silu', [], [1], {}, [[[]]], ['attention'], { __float__: 'Infinity' }],
  ...[0, -1, 0.5, 1, 2, 3, 7, 64, 1e6, 2 ** 31, 2 ** 53, 1e300, -1e300, Number.NaN, Infinity],
];
const CODES = ['ERR_CONFIG_INVALID', 'ERR_WEIGHTS_MISSING', 'ERR_WEIGHTS_SHAPE'];

/** The code of the error that building ends with, or 'built'. */
function outcome(model: Model, config: Record<string, unknown>): string {
  try {
    buildTokenModel({ ...model, config });
    return 'built';
  } catch (error) {
    if (error instanceof EngineError) return error.code;
    throw error;
  }
}

it.each(MODELS.map((model) => [model.name, model] as const))('%s: every field, absurd in every way', (_name, model) => {
  const seen = new Map<string, number>();
  for (const field of Object.keys(model.config)) {
    for (const value of ABSURD) {
      const code = outcome(model, { ...model.config, [field]: value });
      expect([...CODES, 'built'], `${field}: ${String(value)}`).toContain(code);
      seen.set(code, (seen.get(code) ?? 0) + 1);
    }
  }
  expect(seen.get('ERR_CONFIG_INVALID')).toBeGreaterThan(50);
  expect(seen.get('ERR_WEIGHTS_SHAPE')).toBeGreaterThan(10);
  expect(outcome(model, { ...model.config })).toBe('built');
});

describe('a config that would give plausible, wrong rows is refused', () => {
  const modelOf = (name: string) => MODELS.find((model) => model.name === name)!;
  it.each<[string, string, Record<string, unknown>, RegExp]>([
    ['a family that is not built here', 'llama_gqa', { model_type: 'gpt2' }, /"gpt2"/],
    ['a method of objects for a family', 'llama_gqa', { model_type: 'constructor' }, /model_type/],
    ['no model_type', 'llama_gqa', { model_type: undefined }, /"model_type" is missing/],
    ['another activation', 'llama_gqa', { hidden_act: 'gelu' }, /hidden_act/],
    [
      'a stretched rotation',
      'llama_gqa',
      { rope_scaling: { rope_type: 'llama3', factor: 8 } },
      /rope_scaling\.rope_type/,
    ],
    [
      'a stretched rotation by its older name',
      'llama_gqa',
      { rope_scaling: { type: 'linear', factor: 2 } },
      /scaling\.type/,
    ],
    ['a stretched rotation by its newer name', 'llama_gqa', { rope_parameters: { rope_type: 'yarn' } }, /rope_type/],
    ['fewer layers than there are', 'llama_gqa', { num_hidden_layers: 1 }, /model\.layers\.1\..* would not be used/],
    ['a billion layers', 'mamba', { num_hidden_layers: 1e9 }, /num_hidden_layers/],
    ['a context beyond measure', 'llama_gqa', { max_position_embeddings: 2 ** 40 }, /max_position_embeddings/],
    ['no bound of the context', 'llama_gqa', { max_position_embeddings: undefined }, /max_position_embeddings/],
    ['a limit of three numbers', 'mamba2_g1', { time_step_limit: [0, 1, 2] }, /time_step_limit/],
    ['another number of heads', 'mamba2_g1', { num_heads: 5 }, /num_heads/],
    ['a layer of no kind', 'recurrent_gemma', { block_types: ['recurrent', 'sparse'] }, /block_types/],
    ['heads that do not fit the experts', 'jetmoe', { num_attention_heads: 6 }, /num_attention_heads/],
    ['a sliding window in Jamba', 'jamba', { sliding_window: 4096 }, /sliding_window/],
    ['gates that are not renormalised', 'qwen3_next', { norm_topk_prob: false }, /norm_topk_prob/],
    ['kinds for three of four layers', 'qwen3_next', { layer_types: ['full_attention'] }, /layer_types/],
  ])('%s', (_what, name, change, message) => {
    const model = modelOf(name);
    const build = () => buildTokenModel({ ...model, config: { ...model.config, ...change } });
    expect(build).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_INVALID', message: expect.stringMatching(message) }),
    );
  });

  it('but a rotation table of older writers is passed over', () => {
    const model = modelOf('llama_gqa');
    const table = { shape: [4], data: Float32Array.of(1, 0.1, 0.01, 0.001) };
    const weights = new Map(model.weights).set('model.layers.0.self_attn.rotary_emb.inv_freq', table);
    expect(buildTokenModel({ ...model, weights }).parameters).toBe(buildTokenModel(model).parameters);
  });
});

describe('the context of full attention', () => {
  const model = MODELS.find(({ name }) => name === 'llama_gqa')!;

  it("is the model's own unless declared shorter, and what it costs is counted as if it were unbounded", () => {
    const own = buildTokenModel(model);
    const short = buildTokenModel(model, { contextRows: 16 });
    expect([own.rowsMax, short.rowsMax]).toEqual([128, 16]);
    const bytes = ({ layers }: typeof own) => layers.reduce((sum, { stateBytes }) => sum + stateBytes, 0);
    expect(bytes(short)).toBeLessThan(bytes(own) / 7);
    for (const rows of [1, 16, 65_536]) expect(short.kvBytesAt(rows)).toBe(2 * 2 * 2 * 8 * 4 * rows);
    expect(buildTokenModel(model, { kvCache: 'int8' }).kvBytesAt(100)).toBe(2 * 2 * 2 * (8 + 4) * 100);
  });

  it('a sliding window stops growing, and needs no context that is shorter than itself', () => {
    const mistral = MODELS.find(({ name }) => name === 'mistral_swa')!;
    const sliding = buildTokenModel(mistral);
    expect(sliding.rowsMax).toBe(Infinity);
    expect(sliding.kvBytesAt(1e6)).toBe(sliding.kvBytesAt(8));
    expect(buildTokenModel(mistral, { contextRows: 5 }).rowsMax).toBe(5);
    expect(
      MODELS.filter(({ name }) => /^(mamba|rwkv|falcon)/.test(name)).map((m) => buildTokenModel(m).kvBytesAt(1e6)),
    ).toEqual([0, 0, 0, 0]);
  });
});
