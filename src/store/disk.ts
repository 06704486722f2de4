// The few things about files that a store needs and node:fs does not have ready: a write that is on the disk when it
// returns, a file that only one process can make, errors with a code of ours. Knows nothing of states.

import { open } from 'node:fs/promises';
import { EngineError, engineError } from '../base/errors.ts';

/** Owner only: a state holds what a stream said. */
const MODE = 0o600;

export async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w', MODE);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Fails with EEXIST when the file is there. */
export async function createExclusive(path: string): Promise<void> {
  await (await open(path, 'wx', MODE)).close();
}

/** Makes names in a folder survive a power cut. Windows has no such call and needs none. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export const errnoOf = (thrown: unknown): string => (thrown as NodeJS.ErrnoException)?.code ?? '';

/** What the system refuses becomes ERR_STORE_FAILED; paths stay out of the message. */
export async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof EngineError) throw thrown;
    throw engineError('ERR_STORE_FAILED', `the state store failed: ${errnoOf(thrown) || 'unknown reason'}`, {
      expected: 'a folder that can be written, with room left',
      cause: thrown,
    });
  }
}
