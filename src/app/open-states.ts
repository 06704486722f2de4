// Where `serve` keeps resumable streams, from its flags: a folder that outlives the process and that workers share, or this
// process's memory; and the keys that states are sealed with, from a file, since environment and flags are seen by others.

import { readFile } from 'node:fs/promises';
import { engineError } from '../base/errors.ts';
import { fileStore } from '../store/file-store.ts';
import { memoryStore } from '../store/memory-store.ts';
import { SEAL_KEY_BYTES } from '../transport/seal.ts';
import type { StatesOptions } from '../transport/states.ts';

export interface StatesFlags {
  readonly stateDir?: string | undefined;
  readonly sealKeys?: string | undefined;
}

/** @param resumeMs how long a stream can be resumed @throws ERR_STORE_FAILED, ERR_CONFIG_INVALID */
export async function openStates({ stateDir, sealKeys }: StatesFlags, resumeMs: number): Promise<StatesOptions> {
  const bounds = { ageMsMax: resumeMs };
  const store = stateDir === undefined ? memoryStore(bounds) : await fileStore(stateDir, bounds);
  return { store, sealKeys: sealKeys === undefined ? [] : await readSealKeys(sealKeys) };
}

/** One key a line, 64 hexadecimal digits; the first seals, all open. Empty lines and lines with # are left out. */
async function readSealKeys(path: string): Promise<Uint8Array[]> {
  const expected = 'one key a line, 64 hexadecimal digits, as `openssl rand -hex 32` gives';
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw engineError('ERR_CONFIG_INVALID', 'the file of --seal-keys cannot be read', { expected, cause });
  });
  const lines = text.split('\n').map((line) => line.trim());
  const keys = lines.filter((line) => line !== '' && !line.startsWith('#'));
  const good = new RegExp(`^[0-9a-fA-F]{${2 * SEAL_KEY_BYTES}}$`);
  if (keys.length === 0 || !keys.every((key) => good.test(key))) {
    throw engineError('ERR_CONFIG_INVALID', 'the file of --seal-keys does not hold keys', { expected });
  }
  return keys.map((key) => new Uint8Array(Buffer.from(key, 'hex')));
}
