// Programmer errors. An operating error (bad input, a full queue) is never an assert: see errors.ts.

import { engineError } from './errors.ts';

/** Fails with ERR_INVARIANT: the stream that hit it is closed, the process lives on. `message` is static text. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw engineError('ERR_INVARIANT', message);
}
