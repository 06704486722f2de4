// A Model from bytes already in memory: what open-model.ts reads from a folder, a browser fetches. Browser-safe.
// Checks that config.json is an object and that the weight file is sound; what a tensor is for is the cell's business.

import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { engineError } from '../base/errors.ts';
import { parsePythonJson } from './python-json.ts';
import { parseSafetensors } from './safetensors.ts';
import type { Model, Tensor } from './tensor.ts';

export interface ModelBytes {
  readonly name: string;
  /** config.json as UTF-8. */
  readonly config: Uint8Array;
  /** model.safetensors. Absent: no tensors. */
  readonly weights?: Uint8Array;
  readonly onnx?: Uint8Array;
}

/**
 * The model; its id is sha256 over config, weights and onnx bytes, in this order. F64 tensors are rounded to float32;
 * integer tensors are left out: in checkpoints they are counters and position tables, never parameters.
 * @throws ERR_CONFIG_INVALID, ERR_WEIGHTS_MISSING
 */
export function modelFromBytes({ name, config, weights, onnx }: ModelBytes): Model {
  const hash = sha256.create().update(config);
  const tensors = new Map<string, Tensor>();
  if (weights) {
    hash.update(weights);
    for (const [key, { shape, data }] of parseSafetensors(weights)) {
      if (data instanceof Float32Array) tensors.set(key, { shape, data });
      else if (data instanceof Float64Array) tensors.set(key, { shape, data: Float32Array.from(data) });
    }
  }
  if (onnx) hash.update(onnx);
  return {
    id: bytesToHex(hash.digest()),
    name,
    config: parseConfig(name, config),
    weights: tensors,
    ...(onnx && { onnx }),
  };
}

/** config.json as an object. @throws ERR_CONFIG_INVALID */
export function parseConfig(name: string, bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let config: unknown;
  try {
    config = parsePythonJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw engineError('ERR_CONFIG_INVALID', `config.json of model ${name} is not JSON`, {
      expected: 'UTF-8 JSON',
      cause,
    });
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw engineError('ERR_CONFIG_INVALID', `config.json of model ${name} is not an object`, {
      expected: '{ "model_type": ... }',
    });
  }
  return config as Record<string, unknown>;
}
