// An `error` of the server as an error of ours. A code that this client does not know, of a newer server, stays readable.

import { type EngineError, ERROR_CODES, type ErrorCode, engineError } from '../base/errors.ts';
import type { ErrorMessage } from '../wire/messages.ts';

export function toError({ code, message, expected }: ErrorMessage): EngineError {
  const known = Object.hasOwn(ERROR_CODES, code);
  const detail = expected === undefined ? {} : { expected };
  return engineError(
    known ? (code as ErrorCode) : 'ERR_CONNECT_FAILED',
    known ? message : `${code}: ${message}`,
    detail,
  );
}

/** The close code that follows an error of this code. */
export const closeCodeOf = ({ code }: ErrorMessage): number =>
  Object.hasOwn(ERROR_CODES, code) ? ERROR_CODES[code as ErrorCode][1] : 1011;
