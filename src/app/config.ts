// The limits of a server as settings: each is a variable, a key of the file and a `--limit name=value`. Other settings:
// serve/settings.ts. docs/configuration.md lists all of them and a test compares.

import { DEFAULT_GUARD_LIMITS, type GuardLimits } from '../transport/guard/guard-limits.ts';
import { DEFAULT_LIMITS, type StreamLimits } from '../transport/limits.ts';
import { nearest } from './config/nearest.ts';
import { type Chosens, type Environment, resolveSettings } from './config/resolve.ts';
import type { Setting } from './config/setting.ts';
import { usage } from './usage.ts';

export type ServerLimits = StreamLimits & GuardLimits;
export const DEFAULT_SERVER_LIMITS: ServerLimits = { ...DEFAULT_LIMITS, ...DEFAULT_GUARD_LIMITS };

export const PORT_MAX = 65_535;
/** What a timer of Node holds: 24 days. Longer ones would go off at once. */
const MS_MAX = 2 ** 31 - 1;

/** MILLRACE_MESSAGE_BYTES_MAX for messageBytesMax. */
export function variableName(limit: string): string {
  return `MILLRACE_${limit.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** message-bytes-max for messageBytesMax. */
export const limitName = (limit: string): string => limit.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** What a server takes at once, or in a minute: each process counts what comes to itself, so several take more together. */
const COUNTED: ReadonlySet<keyof ServerLimits> = new Set([
  'sessionsMax',
  'streamsPerKeyMax',
  'streamsPerAddressMax',
  'handshakesPerMinuteMax',
]);
/** By the names of settings. */
export const COUNTED_PER_PROCESS: ReadonlySet<string> = new Set([...COUNTED].map(limitName));

export const LIMIT_SETTINGS: readonly Setting[] = Object.entries(DEFAULT_SERVER_LIMITS).map(([limit, standard]) => ({
  name: limitName(limit),
  variable: variableName(limit),
  flag: `--limit ${limitName(limit)}=<n>`,
  type: { kind: 'whole', min: 1, max: limit.endsWith('MsMax') ? MS_MAX : Number.MAX_SAFE_INTEGER },
  help: '',
  standard,
}));

export function limitsOf(chosens: Chosens): ServerLimits {
  const entries = Object.keys(DEFAULT_SERVER_LIMITS).map((limit) => [limit, chosens.get(limitName(limit))!.value]);
  return Object.fromEntries(entries) as unknown as ServerLimits;
}

/** @throws ERR_CONFIG_INVALID for anything but a whole number above 0 */
export function limitsFromEnvironment(environment: Environment): ServerLimits {
  return limitsOf(resolveSettings(LIMIT_SETTINGS, { environment }));
}

/** @param pair `message-bytes-max=65536`, as `--limit` gives it @throws ERR_USAGE for a limit that there is not */
export function splitLimit(pair: string): [name: string, value: string] {
  const [name = '', value] = pair.split('=', 2);
  const names = LIMIT_SETTINGS.map((limit) => limit.name);
  if (value !== undefined && names.includes(name)) return [name, value];
  const near = nearest(name, names);
  const meant = near === undefined ? '' : `${near}=<number>, perhaps; `;
  throw usage(`--limit cannot be "${pair}"`, `${meant}<name>=<number>, where name is one of ${names.join(', ')}`);
}
