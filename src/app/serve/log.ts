// The server's log: one JSON object a line on stderr, messages that never vary (what varies is a field), so that lines can be
// counted. Never a payload, a token, a ticket or a key: errors are logged by their code.

import { destination, type Logger, pino } from 'pino';
import type { ErrorCode } from '../../base/errors.ts';
import type { StreamEvent } from '../../transport/serve-streams.ts';
import { usage } from '../usage.ts';

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;
const STDERR = 2;

/** @throws ERR_USAGE */
export function openLog(level: string): Logger {
  if (!(LOG_LEVELS as readonly string[]).includes(level)) {
    throw usage(`--log-level cannot be "${level}"`, `one of ${LOG_LEVELS.join(', ')}`);
  }
  const formatters = { level: (label: string) => ({ level: label }) };
  return pino({ level, formatters, base: { pid: process.pid } }, destination({ dest: STDERR, sync: false }));
}

/** A flood is counted, not written down line by line. */
export function logRefusal(log: Logger, code: ErrorCode): void {
  log[code === 'ERR_RATE_LIMIT' ? 'debug' : 'info']({ code }, 'handshake refused');
}

export function logStream(log: Logger, event: StreamEvent): void {
  const code = 'error' in event && event.error ? { code: event.error.code } : {};
  if (event.event === 'opened') log.info({ session: event.id }, 'stream opened');
  else if (event.event === 'closed') log.info({ session: event.id, ...code }, 'stream closed');
  else log.warn(code, 'stream refused');
}
