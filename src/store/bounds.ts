// What both kinds of store say alike: which keys they take, what is too large, whom they fence off, what a sweep removes.

import { type EngineError, engineError } from '../base/errors.ts';
import type { StoreBounds, StoredEntry, SweepReport } from './state-store.ts';

const KEY_LENGTH_MAX = 128;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** @throws ERR_STORE_FAILED */
export function checkKey(key: string): void {
  if (key.length > 0 && key.length <= KEY_LENGTH_MAX && !LONE_SURROGATE.test(key)) return;
  throw engineError('ERR_STORE_FAILED', `a key of ${key.length} characters`, {
    expected: `1 to ${KEY_LENGTH_MAX} characters of well-formed text`,
  });
}

/** @throws ERR_STATE_TOO_LARGE */
export function checkValue(bytes: Uint8Array, { entryBytesMax }: StoreBounds): void {
  if (bytes.length <= entryBytesMax) return;
  throw engineError('ERR_STATE_TOO_LARGE', `a state of ${bytes.length} bytes`, {
    expected: `at most ${entryBytesMax} bytes`,
  });
}

export function fenced(epoch: number, holder: number): EngineError {
  return engineError('ERR_STATE_FENCED', `the state is owned under epoch ${holder}, not ${epoch}`, {
    expected: 'to go on where the stream was resumed last',
  });
}

/** Which of `entries`, the oldest first, a sweep removes. */
export function dueForSweep(
  entries: readonly StoredEntry[],
  { ageMsMax, bytesMax }: StoreBounds,
  nowMs: number,
): { readonly remove: readonly StoredEntry[]; readonly report: SweepReport } {
  const remove: StoredEntry[] = [];
  let bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  let expired = 0;
  for (const entry of entries) {
    const old = nowMs - entry.savedMs > ageMsMax;
    if (!old && bytes <= bytesMax) break;
    if (old) expired++;
    remove.push(entry);
    bytes -= entry.bytes;
  }
  const evicted = remove.length - expired;
  return { remove, report: { expired, evicted, entries: entries.length - remove.length, bytes } };
}
