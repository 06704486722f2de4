// Who gets in: asked by a transport before a handshake is answered, so that who is refused costs no stream and learns no more
// than a status. The gate of a server: guard/guard.ts. A server without one lets everybody in, as tenant ''.

import type { IncomingMessage } from 'node:http';
import type { EngineError, ErrorCode } from '../base/errors.ts';

export interface Admission {
  /** Whose streams these are; '' when nobody asks. */
  readonly tenant: string;
  /** When the proof of it runs out, in milliseconds since 1970; absent: never. */
  readonly untilMs?: number | undefined;
  /** Called once, when the connection is gone. */
  release(): void;
}

/** Rejects with ERR_UNAUTHENTICATED, ERR_FORBIDDEN, ERR_RATE_LIMIT, ERR_KEYS_UNAVAILABLE. */
export type Gate = (request: IncomingMessage) => Promise<Admission>;

/** HTTP statuses of a refusal before the upgrade. Whatever else goes wrong there is our fault. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  ERR_UNAUTHENTICATED: 401,
  ERR_FORBIDDEN: 403,
  ERR_RATE_LIMIT: 429,
  ERR_KEYS_UNAVAILABLE: 503,
  // What a dialect's address asks for and cannot have.
  ERR_OPTION_INVALID: 400,
  ERR_FORMAT_UNSUPPORTED: 400,
};
/** What is said to be tried again after: a minute's allowance comes back within one, and keys are asked for again. */
const RETRY_SECONDS = 5;

export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
}

/** How a refusal looks over HTTP: `{"error":{"code","message","expected"}}`. An inner fault is told by its code alone. */
export function refusalOf({ code, message, expected }: EngineError): Refusal {
  const status = STATUS[code] ?? 500;
  const error = status === 500 ? { code } : { code, message, ...(expected === undefined ? {} : { expected }) };
  const headers = {
    'content-type': 'application/json',
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    ...(status === 429 || status === 503 ? { 'retry-after': String(RETRY_SECONDS) } : {}),
  };
  return { status, headers, body: `${JSON.stringify({ error })}\n` };
}
