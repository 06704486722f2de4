// model.safetensors.index.json: which tensor of a sharded checkpoint lies in which file. Checked here, before a shard is
// opened: an index must not reach outside its folder. Browser-safe.

import { engineError } from '../base/errors.ts';
import { cut, shown } from './shown.ts';

export interface Shard {
  readonly file: string;
  readonly tensors: ReadonlySet<string>;
}

/** The shards in order of their names. @throws ERR_CONFIG_INVALID */
export function parseShardIndex(bytes: Uint8Array): Shard[] {
  let index: unknown;
  try {
    index = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw engineError('ERR_CONFIG_INVALID', 'model.safetensors.index.json is not JSON', {
      expected: 'UTF-8 JSON',
      cause,
    });
  }
  const map = typeof index === 'object' && index !== null && 'weight_map' in index ? index.weight_map : undefined;
  if (typeof map !== 'object' || map === null || Array.isArray(map)) {
    throw invalid(`weight_map is ${shown(map)}`, '{ "tensor": "file", ... }');
  }
  const shards = new Map<string, Set<string>>();
  for (const [tensor, file] of Object.entries(map)) {
    if (typeof file !== 'string' || !/^[\w-][\w.-]*\.safetensors$/.test(file)) {
      throw invalid(
        `tensor ${cut(tensor)} lies in ${shown(file)}`,
        'the name of a .safetensors file in the same folder',
      );
    }
    const names = shards.get(file) ?? new Set();
    shards.set(file, names.add(tensor));
  }
  return [...shards].map(([file, tensors]) => ({ file, tensors })).sort((a, b) => (a.file < b.file ? -1 : 1));
}

function invalid(found: string, expected: string): Error {
  return engineError('ERR_CONFIG_INVALID', `model.safetensors.index.json: ${found}`, { expected });
}
