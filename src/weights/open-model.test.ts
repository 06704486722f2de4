import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { safetensorsBytes } from '../../test/helpers/write-checkpoint.ts';
import { configReader } from './config-reader.ts';
import { modelFromBytes } from './model-from-bytes.ts';
import { openModel } from './open-model.ts';
import { tensor } from './tensor.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Two floats, one of them as F64, and an integer buffer. */
function smallWeights(): Uint8Array {
  const header = utf8(
    JSON.stringify({
      'embed.weight': { dtype: 'F32', shape: [1, 2], data_offsets: [0, 8] },
      D: { dtype: 'F64', shape: [1], data_offsets: [8, 16] },
      position_ids: { dtype: 'I64', shape: [1], data_offsets: [16, 24] },
    }),
  );
  const file = new Uint8Array(8 + header.length + 24);
  const view = new DataView(file.buffer);
  view.setUint32(0, header.length, true);
  file.set(header, 8);
  view.setFloat32(8 + header.length, 0.5, true);
  view.setFloat32(12 + header.length, -2, true);
  view.setFloat64(16 + header.length, 0.1, true);
  return file;
}

const config = utf8('{"model_type":"mamba2","hidden_size":2}');
const weights = smallWeights();
const sha256 = (...parts: Uint8Array[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'open-model-'));
});
afterAll(() => rm(root, { recursive: true }));

async function folderOf(name: string, files: Record<string, string | Uint8Array>): Promise<string> {
  const folder = join(root, name);
  await mkdir(folder);
  for (const [file, content] of Object.entries(files)) await writeFile(join(folder, file), content);
  return folder;
}

describe('openModel', () => {
  it('reads config and tensors and names the model after its folder', async () => {
    const model = await openModel(await folderOf('vad', { 'config.json': config, 'model.safetensors': weights }));
    expect(model).toMatchObject({ name: 'vad', config: { model_type: 'mamba2', hidden_size: 2 } });
    expect(model.onnx).toBeUndefined();
    expect([...model.weights.keys()]).toEqual(['embed.weight', 'D']);
    expect(tensor(model.weights, 'embed.weight', [1, 2])).toEqual(Float32Array.of(0.5, -2));
    expect(tensor(model.weights, 'D', [1])).toEqual(Float32Array.of(0.1));
  });

  it('identifies the model by sha256 over config and weights', async () => {
    const model = await openModel(await folderOf('hashed', { 'config.json': config, 'model.safetensors': weights }));
    expect(model.id).toBe(sha256(config, weights));
    expect(modelFromBytes({ name: 'other', config, weights }).id).toBe(model.id);
    expect(modelFromBytes({ name: 'other', config: utf8('{}'), weights }).id).not.toBe(model.id);
  });

  it('reads the ONNX file that the manifest names', async () => {
    const manifest = '{"model_type":"onnx","onnx":{"file":"step.onnx"}}';
    const model = await openModel(await folderOf('onnx', { 'config.json': manifest, 'step.onnx': 'graph' }));
    expect(model.weights.size).toBe(0);
    expect(new TextDecoder().decode(model.onnx)).toBe('graph');
    expect(model.id).toBe(sha256(utf8(manifest), utf8('graph')));
  });

  it('reads model.onnx when the manifest names no file', async () => {
    const model = await openModel(
      await folderOf('plain', { 'config.json': '{"model_type":"onnx"}', 'model.onnx': 'g' }),
    );
    expect(model.onnx).toHaveLength(1);
  });

  it('says which path is missing', async () => {
    const none = join(root, 'none');
    const bare = await folderOf('bare', { 'config.json': config });
    const onnx = await folderOf('bare-onnx', { 'config.json': '{"model_type":"onnx"}' });
    for (const [folder, path] of [
      [none, join(none, 'config.json')],
      [bare, join(bare, 'model.safetensors')],
      [onnx, join(onnx, 'model.onnx')],
    ] as const) {
      const message = expect.stringContaining(path) as string;
      await expect(openModel(folder)).rejects.toMatchObject({ code: 'ERR_WEIGHTS_MISSING', message });
    }
  });

  it.each([
    ['is not JSON', '{'],
    ['is a list', '[]'],
    ['is null', 'null'],
    ['reaches outside its folder', '{"model_type":"onnx","onnx":{"file":"../model.onnx"}}'],
    ['names a hidden file', '{"model_type":"onnx","onnx":{"file":".."}}'],
    ['names no file but a number', '{"model_type":"onnx","onnx":{"file":7}}'],
  ])('refuses a config.json that %s', async (name, text) => {
    const folder = await folderOf(`bad ${name}`, { 'config.json': text });
    await expect(openModel(folder)).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID' });
  });
});

describe('openModel of a sharded checkpoint', () => {
  const shard = (...names: string[]) =>
    safetensorsBytes(new Map(names.map((name, i) => [name, { shape: [2], data: Float32Array.of(i + 1, 0.5) }])));
  const index = (map: unknown) => JSON.stringify({ metadata: { total_size: 16 }, weight_map: map });
  const good = { 'b.weight': 'model-00002-of-00002.safetensors', 'a.weight': 'model-00001-of-00002.safetensors' };
  const files = {
    'config.json': config,
    'model.safetensors.index.json': index(good),
    'model-00001-of-00002.safetensors': shard('a.weight'),
    'model-00002-of-00002.safetensors': shard('b.weight'),
  };
  const folder = (name: string, changes: Record<string, string | Uint8Array | undefined> = {}) => {
    const all = Object.entries({ ...files, ...changes }).filter(
      (file): file is [string, string | Uint8Array] => file[1] !== undefined,
    );
    return folderOf(`shards ${name}`, Object.fromEntries(all));
  };

  it('reads every shard and hashes config, index and shards in order of their names', async () => {
    const model = await openModel(await folder('good'));
    expect([...model.weights.keys()]).toEqual(['a.weight', 'b.weight']);
    expect(tensor(model.weights, 'b.weight', [2])).toEqual(Float32Array.of(1, 0.5));
    expect(model.id).toBe(sha256(config, utf8(index(good)), shard('a.weight'), shard('b.weight')));
  });

  it('prefers the one file where both are there, as upstream does', async () => {
    const model = await openModel(await folder('both', { 'model.safetensors': weights }));
    expect(model.id).toBe(sha256(config, weights));
  });

  it.each<[string, Record<string, string | Uint8Array | undefined>, string, RegExp]>([
    ['a shard that is not there', { 'model-00002-of-00002.safetensors': undefined }, 'ERR_WEIGHTS_MISSING', /00002-of/],
    [
      'a shard that is cut',
      { 'model-00001-of-00002.safetensors': shard('a.weight').subarray(0, 60) },
      'ERR_WEIGHTS_MISSING',
      /file/,
    ],
    [
      'a shard without its tensor',
      { 'model-00001-of-00002.safetensors': shard('c.weight') },
      'ERR_WEIGHTS_MISSING',
      /a\.weight/,
    ],
    [
      'a shard with one more',
      { 'model-00001-of-00002.safetensors': shard('a.weight', 'x') },
      'ERR_CONFIG_INVALID',
      /tensor x/,
    ],
    ['an index that is not JSON', { 'model.safetensors.index.json': '{' }, 'ERR_CONFIG_INVALID', /index/],
    ['an index without a map', { 'model.safetensors.index.json': '{}' }, 'ERR_CONFIG_INVALID', /weight_map/],
    ['a map that is a list', { 'model.safetensors.index.json': index([]) }, 'ERR_CONFIG_INVALID', /weight_map/],
    ['a number for a file', { 'model.safetensors.index.json': index({ a: 7 }) }, 'ERR_CONFIG_INVALID', /tensor a/],
    [
      'a file elsewhere',
      { 'model.safetensors.index.json': index({ a: '../a.safetensors' }) },
      'ERR_CONFIG_INVALID',
      /tensor a/,
    ],
    [
      'a hidden file',
      { 'model.safetensors.index.json': index({ a: '..safetensors' }) },
      'ERR_CONFIG_INVALID',
      /tensor a/,
    ],
  ])('refuses %s', async (name, changes, code, message) => {
    await expect(openModel(await folder(name, changes))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  it('does not take a folder for a file', async () => {
    const at = await folderOf('a folder of weights', { 'config.json': config });
    await mkdir(join(at, 'model.safetensors'));
    await expect(openModel(at)).rejects.toMatchObject({ code: 'ERR_WEIGHTS_MISSING' });
  });
});

describe('config.json as Python writes it', () => {
  it('may hold bare infinities, but not inside of texts', async () => {
    const text = '{"model_type":"x","limit":[0.0,Infinity],"low":[-Infinity],"name":"to \\"Infinity\\" NaN"}';
    const model = await openModel(await folderOf('python', { 'config.json': text, 'model.safetensors': weights }));
    expect(model.config.name).toBe('to "Infinity" NaN');
    const read = configReader(model);
    expect(read.numbers('limit')).toEqual([0, Infinity]);
    expect(read.numbers('low')).toEqual([-Infinity]);
  });

  it('keeps a deeply nested value out of the message', async () => {
    const deep = `{"model_type":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
    const model = await openModel(await folderOf('deep', { 'config.json': deep, 'model.safetensors': weights }));
    expect(() => configReader(model).text('model_type')).toThrow(/"model_type" is a list of 1/);
  });
});
