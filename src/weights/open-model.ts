// Opens a model folder: config.json beside model.safetensors, or beside an ONNX file when its "model_type" is "onnx".
// Reads files and nothing else (Node only); the bytes become a model in model-from-bytes.ts, which browsers use too.

import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { engineError } from '../base/errors.ts';
import { modelFromBytes, parseConfig } from './model-from-bytes.ts';
import type { Model } from './tensor.ts';

/**
 * The model in `folder`, named after it.
 * @throws ERR_WEIGHTS_MISSING with the path when the folder or a file is not there; ERR_CONFIG_INVALID for a bad config.json
 */
export async function openModel(folder: string): Promise<Model> {
  const name = basename(resolve(folder));
  const config = await read(join(folder, 'config.json'), 'a model folder with config.json');
  const parsed = parseConfig(name, config);
  if (parsed.model_type === 'onnx') {
    const onnx = await read(join(folder, onnxFile(name, parsed.onnx)), 'the file that config.json names as onnx.file');
    return modelFromBytes({ name, config, onnx });
  }
  const weights = await read(join(folder, 'model.safetensors'), 'the weights in one file, model.safetensors');
  return modelFromBytes({ name, config, weights });
}

/** A bare file name: a config.json must not reach outside its folder. */
function onnxFile(name: string, onnx: unknown): string {
  const file = typeof onnx === 'object' && onnx !== null && 'file' in onnx ? onnx.file : 'model.onnx';
  if (typeof file !== 'string' || !/^[\w-][\w.-]*$/.test(file)) {
    throw engineError('ERR_CONFIG_INVALID', `config.json of model ${name}: onnx.file is ${JSON.stringify(file)}`, {
      expected: 'the name of a file in the same folder, "model.onnx" by default',
    });
  }
  return file;
}

async function read(path: string, expected: string): Promise<Uint8Array> {
  try {
    const { buffer, byteOffset, length } = await readFile(path);
    return new Uint8Array(buffer, byteOffset, length);
  } catch (cause) {
    const code = (cause as { code?: unknown }).code;
    throw engineError('ERR_WEIGHTS_MISSING', `cannot read ${path} (${String(code)})`, { expected, cause });
  }
}
