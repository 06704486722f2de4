// What a server keeps streams with: a store, times, keys, and who owns which stream in this process. A stream that is
// resumed here while its old connection only seems to live is taken from that one in order: its last state is stored first.

import type { StateStore } from '../store/state-store.ts';

export interface StatesOptions {
  readonly store: StateStore;
  /** AES-256 keys for sealed states: the first seals, all open. None: states are not given away. */
  readonly sealKeys?: readonly Uint8Array[];
  /** Milliseconds since 1970; for tests. */
  readonly nowMs?: () => number;
}

export interface States {
  readonly store: StateStore;
  readonly sealKeys: readonly Uint8Array[];
  nowMs(): number;
  /** @param evict ends what owns the stream here, once its state is stored. Replaces who was there */
  own(key: string, evict: () => Promise<void>): void;
  /** Resolves when nobody in this process owns the stream any longer. */
  evict(key: string): Promise<void>;
  /** Only when it is still this one's. */
  disown(key: string, evict: () => Promise<void>): void;
  /** A connection is gone; its stream's last state is being stored. */
  leaving(gone: Promise<void>): void;
  /** Resolves when all of them are. */
  settled(): Promise<void>;
  /** Ends what runs on its own: the sweeping of the store. */
  close(): void;
}

/** How often what is too old is removed from the store. */
const SWEEP_MS = 60_000;

export function createStates({ store, sealKeys = [], nowMs = Date.now }: StatesOptions): States {
  const owners = new Map<string, () => Promise<void>>();
  const under = new Set<Promise<void>>();
  const sweeper = setInterval(() => void store.sweep().catch(() => undefined), SWEEP_MS);
  sweeper.unref();
  return {
    store,
    sealKeys,
    nowMs,
    own(key, evict) {
      owners.set(key, evict);
    },
    evict: async (key) => owners.get(key)?.(),
    disown(key, evict) {
      if (owners.get(key) === evict) owners.delete(key);
    },
    leaving(gone) {
      under.add(gone);
      void gone.finally(() => under.delete(gone));
    },
    settled: async () => void (await Promise.all(under)),
    close: () => clearInterval(sweeper),
  };
}
