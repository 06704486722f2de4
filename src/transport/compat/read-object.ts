// A text message of a dialect as a JSON object.

import { engineError } from '../../base/errors.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @param expected what would have been right @throws ERR_WIRE_MALFORMED for what is not UTF-8, JSON or an object */
export function readObject(bytes: Uint8Array, expected: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch (cause) {
    throw engineError('ERR_WIRE_MALFORMED', 'the text is not JSON', { expected, cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw engineError('ERR_WIRE_MALFORMED', 'the text is no JSON object', { expected });
}
