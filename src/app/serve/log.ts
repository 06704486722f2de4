// The server's log: one JSON object a line on stderr, messages that never vary (what varies is a field), so that lines can be
// counted. Never a payload, a token, a ticket or a key: errors are logged by their code.

import { destination, type Logger, pino } from 'pino';
import type { ErrorCode } from '../../base/errors.ts';
import type { StreamEvent } from '../../transport/serve-streams.ts';
import { usage } from '../usage.ts';

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;
const STDERR = 2;
const PLACES_MAX = 5;

/** @throws ERR_USAGE */
export function openLog(level: string): Logger {
  if (!(LOG_LEVELS as readonly string[]).includes(level)) {
    throw usage(`--log-level cannot be "${level}"`, `one of ${LOG_LEVELS.join(', ')}`);
  }
  const formatters = { level: (label: string) => ({ level: label }) };
  return pino({ level, formatters, base: { pid: process.pid } }, destination({ dest: STDERR, sync: false }));
}

/** What comes in floods: who comes too often, and everybody while a server of keys is down. */
const COUNTED_ONLY: ReadonlySet<ErrorCode> = new Set(['ERR_RATE_LIMIT', 'ERR_KEYS_UNAVAILABLE']);

/** A flood is counted, not written down line by line. */
export function logRefusal(log: Logger, code: ErrorCode): void {
  log[COUNTED_ONLY.has(code) ? 'debug' : 'info']({ code }, 'handshake refused');
}

export function logStream(log: Logger, event: StreamEvent): void {
  if (event.event === 'opened') return log.info({ session: event.id }, 'stream opened');
  const { error } = event;
  const code = error ? { code: error.code } : {};
  if (event.event === 'refused') log.warn(code, 'stream refused');
  else if (error?.code !== 'ERR_INVARIANT') log.info({ session: event.id, ...code }, 'stream closed');
  else log.error({ session: event.id, ...code, at: placesOf(error) }, 'stream closed');
}

/** Where something of ours threw. Not what it said: that may quote a payload. */
function placesOf(error: Error): string[] {
  const { cause } = error;
  const { message, stack = '' } = cause instanceof Error ? cause : error;
  const places = stack
    .slice(stack.indexOf(message) + message.length)
    .split('\n')
    .map((line) => /^\s+at (.*)$/.exec(line)?.[1]);
  return places.filter((place) => place !== undefined).slice(0, PLACES_MAX);
}
