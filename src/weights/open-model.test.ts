import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
