// A file that holds secrets: what is wrong with it is told by the flag that named it, never with anything of it.

import { readFile } from 'node:fs/promises';
import { engineError } from '../../base/errors.ts';

/** @throws ERR_CONFIG_INVALID */
export function readSecret(path: string, flag: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    const expected = 'a file that this process may read';
    throw engineError('ERR_CONFIG_INVALID', `the file of ${flag} cannot be read`, { expected, cause });
  });
}
