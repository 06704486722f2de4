// A file of settings: one JSON object whose keys are names of settings. Secrets are not in it, only paths to files of them.
// Values are checked where all sources meet: resolve.ts.

import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type EngineError, engineError } from '../../base/errors.ts';
import { nearest } from './nearest.ts';
import type { Setting } from './setting.ts';

export interface ConfigFile {
  readonly path: string;
  /** Where its relative paths begin. */
  readonly folder: string;
  readonly values: ReadonlyMap<string, unknown>;
}

/** @throws ERR_CONFIG_INVALID, which names file and key and never a value */
export async function readConfigFile(path: string, settings: readonly Setting[]): Promise<ConfigFile> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    const expected = 'a file that this process may read';
    throw engineError('ERR_CONFIG_INVALID', `the settings in ${path} cannot be read`, { expected, cause });
  });
  const parsed = parse(path, text.replace(/^\uFEFF/, ''));
  const again = firstRepeated(topKeys(text));
  if (again !== undefined) {
    const expected = 'each setting once; a list has all its items in one';
    throw engineError('ERR_CONFIG_INVALID', `${path}: "${again}" stands there twice`, { expected });
  }
  const names = settings.map(({ name }) => name);
  for (const key of Object.keys(parsed)) if (!names.includes(key)) throw unknownName(`${path}: `, key, names);
  return { path, folder: dirname(path), values: new Map(Object.entries(parsed)) };
}

function unknownName(where: string, name: string, names: readonly string[]): EngineError {
  const near = nearest(name, names);
  const meant = near === undefined ? '' : `"${near}", perhaps; `;
  return engineError('ERR_CONFIG_INVALID', `${where}there is no setting "${name}"`, {
    expected: `${meant}one of ${names.join(', ')}`,
  });
}

function parse(path: string, text: string): object {
  const expected = 'one JSON object, such as {"port": 8080, "sessions-max": 200}';
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (thrown) {
    // V8's message may quote the file; of it only the place is told.
    const at = /position (\d+)/.exec(String(thrown))?.[1];
    const place = at === undefined ? '' : ` (line ${text.slice(0, Number(at)).split('\n').length})`;
    throw engineError('ERR_CONFIG_INVALID', `${path} is not JSON${place}`, { expected });
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  throw engineError('ERR_CONFIG_INVALID', `${path} is JSON, but not an object`, { expected });
}

/** JSON.parse takes the last of two equal keys without a word. @param text JSON that has been parsed, an object */
function topKeys(text: string): string[] {
  const keys: string[] = [];
  let depth = 0;
  for (const [token, key] of text.matchAll(/("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    if (key !== undefined && depth === 1) keys.push(JSON.parse(key) as string);
    if (token === '{' || token === '[') depth++;
    if (token === '}' || token === ']') depth--;
  }
  return keys;
}

const firstRepeated = (names: readonly string[]): string | undefined =>
  names.find((name, place) => names.indexOf(name) < place);
