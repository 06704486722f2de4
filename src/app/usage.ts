// Complaints about the command line: exit code 2.

import { type EngineError, engineError } from '../base/errors.ts';

export function usage(message: string, expected: string): EngineError {
  return engineError('ERR_USAGE', message, { expected });
}
