// Typed reading of config.json: a missing or wrong field fails before anything runs and says which one and what it should be.

import { engineError } from '../base/errors.ts';
import { shown } from './shown.ts';
import type { Model } from './tensor.ts';

type Config = Readonly<Record<string, unknown>>;

function wrong(model: string, field: string, found: unknown, expected: string): Error {
  const message = `config.json of model ${model}: "${field}" is ${shown(found)}`;
  return engineError('ERR_CONFIG_INVALID', message, { expected });
}

export interface ConfigReader {
  number(field: string, fallback?: number): number;
  /** A whole number from 1 (or `min`) to `max`: a size that something will be allocated by. */
  integer(field: string, bounds: { readonly min?: number; readonly max: number; readonly fallback?: number }): number;
  /** Finite or infinite numbers, the latter as Python writes them (python-json.ts). */
  numbers(field: string, fallback?: readonly number[]): readonly number[];
  flag(field: string, fallback?: boolean): boolean;
  text(field: string, fallback?: string): string;
  texts(field: string): readonly string[];
  /** One of a few texts: anything else is a model that is not built here. */
  oneOf<T extends string>(field: string, allowed: readonly T[], fallback?: T): T;
  section(field: string): ConfigReader;
  /** Whether the field is there and not null. */
  has(field: string): boolean;
  /** The error for a field whose value makes no sense beside others. */
  wrong(field: string, expected: string): Error;
}

/** Reads fields of `config`, by default the whole config.json of `model`. Errors carry the path of the field. */
export function configReader(model: Model, config: Config = model.config, path = ''): ConfigReader {
  const at = (field: string): unknown => (Object.hasOwn(config, field) ? config[field] : undefined);
  const refuse = (field: string, expected: string): Error => wrong(model.name, path + field, at(field), expected);
  return {
    number(field, fallback) {
      const value = at(field) ?? fallback;
      if (typeof value !== 'number' || !Number.isFinite(value)) throw refuse(field, 'a number');
      return value;
    },
    integer(field, { min = 1, max, fallback }) {
      const value = at(field) ?? fallback;
      if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
      throw refuse(field, `a whole number from ${min} to ${max}`);
    },
    numbers(field, fallback) {
      const value = at(field) ?? fallback;
      if (!Array.isArray(value)) throw refuse(field, 'a list of numbers');
      return value.map((item: unknown) => {
        const number = numberOf(item);
        if (number === undefined) throw refuse(field, 'a list of numbers');
        return number;
      });
    },
    flag(field, fallback) {
      const value = at(field) ?? fallback;
      if (typeof value !== 'boolean') throw refuse(field, 'true or false');
      return value;
    },
    text(field, fallback) {
      const value = at(field) ?? fallback;
      if (typeof value !== 'string') throw refuse(field, 'a text');
      return value;
    },
    texts(field) {
      const value = at(field);
      if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
        throw refuse(field, 'a list of texts');
      return value as string[];
    },
    oneOf(field, allowed, fallback) {
      const value = at(field) ?? fallback;
      const found = allowed.find((choice) => choice === value);
      if (found === undefined) throw refuse(field, `one of: ${allowed.join(', ')}`);
      return found;
    },
    section(field) {
      const value = at(field);
      if (typeof value !== 'object' || value === null) throw refuse(field, 'an object');
      return configReader(model, value as Config, `${path}${field}.`);
    },
    has: (field) => at(field) !== undefined && at(field) !== null,
    wrong: refuse,
  };
}

/** A number, or one that JSON cannot say: {"__float__": "Infinity"}. NaN is none. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  const name = typeof value === 'object' && value !== null && '__float__' in value ? value.__float__ : undefined;
  if (name === 'Infinity') return Infinity;
  return name === '-Infinity' ? -Infinity : undefined;
}
