// Opens a model folder: config.json beside model.safetensors, beside the shards that model.safetensors.index.json lists,
// or beside an ONNX file when its "model_type" is "onnx". Reads files and nothing else (Node only). Weights are read
// tensor by tensor (read-safetensors.ts): a checkpoint of n bytes takes 4 bytes a parameter, and 16 MiB beside them.

import { createHash, type Hash } from 'node:crypto';
import { open, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { engineError } from '../base/errors.ts';
import { modelFromBytes, parseConfig } from './model-from-bytes.ts';
import { type ByteSource, readSafetensors } from './read-safetensors.ts';
import { parseShardIndex } from './shard-index.ts';
import { shown } from './shown.ts';
import type { Model, Tensor } from './tensor.ts';

const WEIGHTS = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
const CONFIG_BYTES_MAX = 16 * 1024 * 1024;
const INDEX_BYTES_MAX = 100_000_000; // as the header of a shard: one entry a tensor

/**
 * The model in `folder`, named after it. Its id is sha256 over config.json and the weight file; for a sharded checkpoint
 * over config.json, the index and the shards in order of their names.
 * @throws ERR_WEIGHTS_MISSING with the path when the folder or a file is not there; ERR_CONFIG_INVALID for a bad config.json,
 * index or header
 */
export async function openModel(folder: string): Promise<Model> {
  const name = basename(resolve(folder));
  const config = await readWhole(join(folder, 'config.json'), 'a model folder with config.json', CONFIG_BYTES_MAX);
  const parsed = parseConfig(name, config);
  if (parsed.model_type === 'onnx') {
    const onnx = await readWhole(
      join(folder, onnxFile(name, parsed.onnx)),
      'the file that config.json names as onnx.file',
    );
    return modelFromBytes({ name, config, onnx });
  }
  const hash = createHash('sha256').update(config);
  const weights = (await isFile(join(folder, WEIGHTS)))
    ? await readFileOfTensors(join(folder, WEIGHTS), hash)
    : await readShards(folder, hash);
  return { id: hash.digest('hex'), name, config: parsed, weights };
}

async function readShards(folder: string, hash: Hash): Promise<Map<string, Tensor>> {
  if (!(await isFile(join(folder, INDEX)))) {
    throw engineError('ERR_WEIGHTS_MISSING', `cannot read ${join(folder, WEIGHTS)} (no such file)`, {
      expected: `the weights as ${WEIGHTS}, or in shards with ${INDEX}`,
    });
  }
  const index = await readWhole(join(folder, INDEX), 'the list of shards', INDEX_BYTES_MAX);
  hash.update(index);
  const weights = new Map<string, Tensor>();
  for (const { file, tensors } of parseShardIndex(index)) {
    const shard = await readFileOfTensors(join(folder, file), hash, tensors);
    for (const [name, tensor] of shard) weights.set(name, tensor);
  }
  return weights;
}

/** The tensors of one file, which `listed` - where an index lists them - must name exactly. */
async function readFileOfTensors(path: string, hash: Hash, listed?: ReadonlySet<string>): Promise<Map<string, Tensor>> {
  return withFile(path, (source) => readSafetensors(source, (piece) => void hash.update(piece), listed));
}

async function withFile<T>(path: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  // Asked first: to open a pipe would wait for its writer.
  if (!(await isFile(path))) throw missing(path, 'no such file', 'a file with tensors');
  const handle = await open(path).catch((cause: unknown) => {
    throw missing(path, codeOf(cause), 'a file that may be read', cause);
  });
  try {
    const { size } = await handle.stat();
    const read: ByteSource['read'] = async (offset, into) => {
      for (let done = 0; done < into.length; ) {
        const { bytesRead } = await handle
          .read(into, done, into.length - done, offset + done)
          .catch((cause: unknown) => {
            throw missing(path, codeOf(cause), 'a file that can be read', cause);
          });
        if (bytesRead === 0)
          throw missing(path, `ends at byte ${offset + done}`, `${size} bytes, as when it was opened`);
        done += bytesRead;
      }
    };
    return await use({ bytes: size, read });
  } finally {
    await handle.close();
  }
}

/** A bare file name: a config.json must not reach outside its folder. */
function onnxFile(name: string, onnx: unknown): string {
  const file = typeof onnx === 'object' && onnx !== null && 'file' in onnx ? onnx.file : 'model.onnx';
  if (typeof file !== 'string' || !/^[\w-][\w.-]*$/.test(file)) {
    throw engineError('ERR_CONFIG_INVALID', `config.json of model ${name}: onnx.file is ${shown(file)}`, {
      expected: 'the name of a file in the same folder, "model.onnx" by default',
    });
  }
  return file;
}

async function readWhole(path: string, expected: string, bytesMax = Infinity): Promise<Uint8Array> {
  if (!(await isFile(path))) throw missing(path, 'no such file', expected);
  if ((await stat(path)).size > bytesMax) {
    throw engineError('ERR_CONFIG_INVALID', `${path} has more than ${bytesMax} bytes`, { expected });
  }
  try {
    const { buffer, byteOffset, length } = await readFile(path);
    return new Uint8Array(buffer, byteOffset, length);
  } catch (cause) {
    throw missing(path, codeOf(cause), expected, cause);
  }
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

const codeOf = (cause: unknown): string => String((cause as { code?: unknown }).code);

function missing(path: string, why: string, expected: string, cause?: unknown): Error {
  return engineError('ERR_WEIGHTS_MISSING', `cannot read ${path} (${why})`, { expected, cause });
}
