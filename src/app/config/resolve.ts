// Where each value comes from: a flag, else its variable, else the file, else the default. Whatever is wrong is told with the
// place that it stands in and what is allowed there; files of secrets are named, not read.

import { resolve as resolvePath } from 'node:path';
import { engineError } from '../../base/errors.ts';
import { usage } from '../usage.ts';
import type { ConfigFile } from './config-file.ts';
import { allowed, fromJson, fromText, type Setting, type SettingType, type Value } from './setting.ts';

export type Source = 'default' | 'file' | 'env' | 'flag';
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Chosen {
  /** undefined: not set. */
  readonly value?: Value | undefined;
  readonly source: Source;
}

/** By name, in the order of the settings. */
export type Chosens = ReadonlyMap<string, Chosen>;

export interface Given {
  /** Texts of the flags that were given, by name of the setting. */
  readonly flags?: ReadonlyMap<string, string>;
  /** An empty variable is one that is not set. */
  readonly environment?: Environment;
  readonly file?: ConfigFile | undefined;
}

/** @throws ERR_USAGE for a flag, ERR_CONFIG_INVALID for a variable or a key of the file */
export function resolveSettings(settings: readonly Setting[], given: Given): Chosens {
  return new Map(settings.map((setting) => [setting.name, choose(setting, given)]));
}

function choose(setting: Setting, { flags, environment = {}, file }: Given): Chosen {
  const { name, variable, type } = setting;
  const flag = flags?.get(name);
  if (flag !== undefined) {
    const value = fromText(type, flag);
    if (value !== undefined) return { value, source: 'flag' };
    throw usage(`${bare(setting)} cannot be ${describe(flag, type)}`, allowed(type, false));
  }
  const text = environment[variable];
  if (text !== undefined && text !== '') {
    const value = fromText(type, text);
    if (value !== undefined) return { value, source: 'env' };
    throw engineError('ERR_CONFIG_INVALID', `${variable} cannot be ${describe(text, type)}`, {
      expected: allowed(type, false),
    });
  }
  if (!file?.values.has(name)) return { value: setting.standard, source: 'default' };
  const found = file.values.get(name);
  const value = fromJson(type, found);
  if (value === undefined) {
    const message = `${file.path}: "${name}" cannot be ${describe(found, type)}`;
    throw engineError('ERR_CONFIG_INVALID', message, { expected: allowed(type, true) });
  }
  return { value: type.kind === 'path' ? resolvePath(file.folder, String(value)) : value, source: 'file' };
}

/** `--port` of `--port <port>`, `--limit sessions-max` of `--limit sessions-max=<n>`. */
const bare = ({ flag }: Setting): string => flag.replace(/[ =][<[].*$/, '');

/** What is of the wrong type may be a secret that stands where its path should; so may what is in an address. */
function describe(value: unknown, { kind }: SettingType): string {
  if (Array.isArray(value) && kind !== 'list') return 'a list';
  if (kind === 'address' && typeof value === 'string') return 'this address';
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return 'an object';
  return JSON.stringify(value);
}

/** `{"port":{"value":8080,"source":"default"},…}`; what is not set is null. */
export function shownSettings(chosens: Chosens): Record<string, { value: Value | null; source: Source }> {
  const entries = [...chosens].map(([name, { value = null, source }]) => [name, { value, source }] as const);
  return Object.fromEntries(entries);
}
