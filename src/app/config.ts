// Configuration of a server: its limits from `--limit name=value`, the environment and the defaults, in this order; and the
// flags of `serve`, each with its variable. docs/configuration.md lists all of them and a test compares.

import { engineError } from '../base/errors.ts';
import { DEFAULT_GUARD_LIMITS, type GuardLimits } from '../transport/guard/guard-limits.ts';
import { DEFAULT_LIMITS, type StreamLimits } from '../transport/limits.ts';
import { usage } from './usage.ts';

export type ServerLimits = StreamLimits & GuardLimits;
export const DEFAULT_SERVER_LIMITS: ServerLimits = { ...DEFAULT_LIMITS, ...DEFAULT_GUARD_LIMITS };

type Environment = Readonly<Record<string, string | undefined>>;

/** MILLRACE_MESSAGE_BYTES_MAX for messageBytesMax. */
export function variableName(limit: string): string {
  return `MILLRACE_${limit.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** message-bytes-max for messageBytesMax. */
export const limitName = (limit: string): string => limit.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/**
 * @param pairs `message-bytes-max=65536`, as `--limit` gives them
 * @throws ERR_CONFIG_INVALID for anything but a whole number above 0, ERR_USAGE for a limit that there is not
 */
export function limitsFromEnvironment(environment: Environment, pairs: readonly string[] = []): ServerLimits {
  const flags = new Map(pairs.map((pair) => split(pair)));
  const entries = Object.entries(DEFAULT_SERVER_LIMITS).map(([limit, value]) => {
    const flag = flags.get(limitName(limit));
    const name = flag === undefined ? variableName(limit) : `--limit ${limitName(limit)}`;
    const text = flag ?? environment[name];
    if (text === undefined || (text === '' && flag === undefined)) return [limit, value];
    const number = Number(text);
    if (Number.isInteger(number) && number > 0) return [limit, number];
    throw engineError('ERR_CONFIG_INVALID', `${name} cannot be "${text}"`, { expected: 'a whole number above 0' });
  });
  return Object.fromEntries(entries) as unknown as ServerLimits;
}

function split(pair: string): [string, string] {
  const [name = '', value] = pair.split('=', 2);
  const names = Object.keys(DEFAULT_SERVER_LIMITS).map(limitName);
  if (value !== undefined && names.includes(name)) return [name, value];
  throw usage(`--limit cannot be "${pair}"`, `<name>=<number>, where name is one of ${names.join(', ')}`);
}
