// Typed reading of config.json: a missing or wrong field fails before anything runs and says which one and what it should be.

import { engineError } from '../base/errors.ts';
import type { Model } from './tensor.ts';

type Config = Readonly<Record<string, unknown>>;

function wrong(model: string, field: string, found: unknown, expected: string): Error {
  const message = `config.json of model ${model}: "${field}" is ${JSON.stringify(found) ?? 'missing'}`;
  return engineError('ERR_CONFIG_INVALID', message, { expected });
}

export interface ConfigReader {
  number(field: string, fallback?: number): number;
  text(field: string): string;
  section(field: string): ConfigReader;
  has(field: string): boolean;
}

/** Reads fields of `config`, by default the whole config.json of `model`. Errors carry the path of the field. */
export function configReader(model: Model, config: Config = model.config, path = ''): ConfigReader {
  return {
    number(field, fallback) {
      const value = config[field] ?? fallback;
      if (typeof value !== 'number' || !Number.isFinite(value))
        throw wrong(model.name, path + field, value, 'a number');
      return value;
    },
    text(field) {
      const value = config[field];
      if (typeof value !== 'string') throw wrong(model.name, path + field, value, 'a text');
      return value;
    },
    section(field) {
      const value = config[field];
      if (typeof value !== 'object' || value === null) throw wrong(model.name, path + field, value, 'an object');
      return configReader(model, value as Config, `${path}${field}.`);
    },
    has: (field) => config[field] !== undefined && config[field] !== null,
  };
}
