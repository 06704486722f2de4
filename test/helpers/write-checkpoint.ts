// Writes checkpoints as upstream writes them - config.json, model.safetensors or shards with an index - from tensors in
// memory: random ones of given shapes, so that families can be tested without a checkpoint of theirs.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { seededRandom } from '../../src/cell/seeded-random.ts';
import type { Tensor } from '../../src/weights/tensor.ts';

export type Tensors = Map<string, Tensor>;
export type StoredDtype = 'F32' | 'F16' | 'BF16' | 'F64';

/** Tensors of these shapes: uniform in +-scale, around `centre` of their name where there is one. */
export function randomTensors(
  shapes: Readonly<Record<string, readonly number[]>>,
  seed: number,
  centre: (name: string) => number = () => 0,
  scale = 0.5,
): Tensors {
  const random = seededRandom(seed);
  const tensors: Tensors = new Map();
  for (const [name, shape] of Object.entries(shapes)) {
    const length = shape.reduce((product, size) => product * size, 1);
    tensors.set(name, { shape, data: Float32Array.from({ length }, () => centre(name) + scale * random()) });
  }
  return tensors;
}

const BYTES = { F32: 4, F16: 2, BF16: 2, F64: 8 } as const;

/** The file, its tensors in the order of the map. */
export function safetensorsBytes(tensors: Tensors, dtype: StoredDtype = 'F32'): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let at = 0;
  for (const [name, { shape, data }] of tensors) {
    const span = data.length * BYTES[dtype];
    header[name] = { dtype, shape, data_offsets: [at, at + span] };
    at += span;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + at);
  new DataView(file.buffer).setUint32(0, json.length, true);
  file.set(json, 8);
  let to = 8 + json.length;
  for (const { data } of tensors.values()) {
    const bytes = narrow(data, dtype);
    file.set(bytes, to);
    to += bytes.length;
  }
  return file;
}

/** Rounds to what a dtype can hold by cutting, so that a checkpoint in it can be compared with these tensors to the bit. */
export function cutTo(tensors: Tensors, dtype: 'F16' | 'BF16'): Tensors {
  // Zeroing low bits of a float32 gives a bfloat16 (16 of them), or a float16 (13) while it is not subnormal there.
  const low = dtype === 'BF16' ? 0xffff0000 : 0xffffe000;
  const cut = (value: number): number => {
    const bits = new Uint32Array(Float32Array.of(value).buffer);
    bits[0] = dtype === 'F16' && Math.abs(value) < 0.0001 ? 0 : bits[0]! & low;
    return new Float32Array(bits.buffer)[0]!;
  };
  return new Map([...tensors].map(([name, { shape, data }]) => [name, { shape, data: data.map(cut) }]));
}

function narrow(data: Float32Array, dtype: StoredDtype): Uint8Array {
  const wide = new Uint32Array(data.slice().buffer);
  if (dtype === 'F64') return new Uint8Array(Float64Array.from(data).buffer);
  if (dtype === 'BF16') return new Uint8Array(Uint16Array.from(wide, (bits) => bits >>> 16).buffer);
  if (dtype === 'F16') return new Uint8Array(Uint16Array.from(wide, halfOf).buffer);
  return new Uint8Array(wide.buffer);
}

/** A float32 that is a normal float16, or zero. */
function halfOf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 255) - 112;
  return exponent <= 0 ? sign : sign | (exponent << 10) | ((bits >>> 13) & 1023);
}

export interface CheckpointOptions {
  readonly dtype?: StoredDtype;
  /** Files the tensors are dealt over, in turns, with an index. */
  readonly shards?: number;
}

/** Makes `folder` a checkpoint. */
export async function writeCheckpoint(
  folder: string,
  config: object,
  tensors: Tensors,
  { dtype = 'F32', shards = 1 }: CheckpointOptions = {},
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  if (shards === 1) return writeFile(join(folder, 'model.safetensors'), safetensorsBytes(tensors, dtype));
  const weightMap: Record<string, string> = {};
  for (let shard = 0; shard < shards; shard++) {
    const file = `model-0000${shard + 1}-of-0000${shards}.safetensors`;
    const part: Tensors = new Map([...tensors].filter((_, i) => i % shards === shard));
    for (const name of part.keys()) weightMap[name] = file;
    await writeFile(join(folder, file), safetensorsBytes(part, dtype));
  }
  const index = JSON.stringify({ metadata: { total_size: 0 }, weight_map: weightMap });
  await writeFile(join(folder, 'model.safetensors.index.json'), index);
}
