// Configuration from the environment: every limit of a stream can be set, nothing else can. The only reader of process.env
// is the command that calls this; docs/configuration.md lists the names and a test compares.

import { engineError } from '../base/errors.ts';
import { DEFAULT_LIMITS, type StreamLimits } from '../transport/limits.ts';

/** MILLRACE_MESSAGE_BYTES_MAX for messageBytesMax. */
export function variableName(limit: string): string {
  return `MILLRACE_${limit.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** Defaults, with what the environment says instead. @throws ERR_CONFIG_INVALID for anything but a whole number above 0 */
export function limitsFromEnvironment(environment: Readonly<Record<string, string | undefined>>): StreamLimits {
  const entries = Object.entries(DEFAULT_LIMITS).map(([limit, value]) => {
    const name = variableName(limit);
    const text = environment[name];
    if (text === undefined || text === '') return [limit, value];
    const number = Number(text);
    if (Number.isInteger(number) && number > 0) return [limit, number];
    throw engineError('ERR_CONFIG_INVALID', `${name} cannot be "${text}"`, { expected: 'a whole number above 0' });
  });
  return Object.fromEntries(entries) as unknown as StreamLimits;
}
