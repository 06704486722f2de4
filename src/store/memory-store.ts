// A state store that lives as long as its process: streams survive a lost connection, not a lost server. For tests, and for
// `serve` without a folder.

import { checkKey, checkValue, dueForSweep, fenced } from './bounds.ts';
import { DEFAULT_STORE_BOUNDS, type StateStore, type StoreBounds, type SweepReport } from './state-store.ts';

interface Entry {
  epoch: number;
  bytes: Uint8Array | undefined;
  savedMs: number;
}

/** @param nowMs wall clock; for tests */
export function memoryStore(bounds: Partial<StoreBounds> = {}, nowMs: () => number = Date.now): StateStore {
  const limits = { ...DEFAULT_STORE_BOUNDS, ...bounds };
  const entries = new Map<string, Entry>();
  /** Bytes put since the last sweep. */
  let written = 0;
  const held = () =>
    [...entries]
      .filter(([, { bytes }]) => bytes !== undefined)
      .map(([key, { epoch, bytes, savedMs }]) => ({ key, epoch, bytes: bytes?.length ?? 0, savedMs }))
      .sort((a, b) => a.savedMs - b.savedMs);
  function owned(key: string, epoch: number): Entry | undefined {
    checkKey(key);
    const entry = entries.get(key);
    if (entry && entry.epoch > epoch) throw fenced(epoch, entry.epoch);
    return entry;
  }
  return {
    async claim(key, from) {
      checkKey(key);
      const entry = entries.get(key);
      const holder = entry?.epoch ?? 0;
      if (from !== undefined && from !== holder) throw fenced(from, holder);
      const epoch = holder + 1;
      entries.set(key, { epoch, bytes: entry?.bytes, savedMs: nowMs() });
      return { epoch, bytes: entry?.bytes?.slice() };
    },
    async put(key, epoch, bytes) {
      owned(key, epoch);
      checkValue(bytes, limits);
      entries.set(key, { epoch, bytes: bytes.slice(), savedMs: nowMs() });
      written += bytes.length;
      if (written > limits.bytesMax * SWEEP_SHARE) sweep();
    },
    async get(key) {
      checkKey(key);
      const { epoch = 0, bytes } = entries.get(key) ?? {};
      return bytes && { epoch, bytes: bytes.slice() };
    },
    async delete(key, epoch) {
      // The owner stays, so that one of old does not meet its own epoch when the key is used again.
      const entry = owned(key, epoch);
      if (entry) entries.set(key, { epoch: entry.epoch, bytes: undefined, savedMs: nowMs() });
    },
    list: async () => held(),
    sweep: async () => sweep(),
  };

  function sweep(): SweepReport {
    written = 0;
    const { remove, report } = dueForSweep(held(), limits, nowMs());
    for (const { key, epoch } of remove) entries.set(key, { epoch, bytes: undefined, savedMs: nowMs() });
    for (const [key, { bytes, savedMs }] of entries) {
      if (!bytes && nowMs() - savedMs > limits.ageMsMax) entries.delete(key);
    }
    return report;
  }
}

/** This share of the bound may be written before a sweep is due, whatever the clock says. */
const SWEEP_SHARE = 1 / 8;
