// Where state outlives its process: bytes by key, each key owned by one process at a time. Knows nothing of streams,
// snapshots or sensors: a value is bytes. Two kinds: memory-store.ts and file-store.ts; a cluster store needs no more than
// a compare-and-set on `epoch`. Who stores what: transport/keeper.ts, app/fleet/checkpoints.ts.
//
// Fencing. `claim` gives its caller a new epoch, higher than any before. From then on every `put` and `delete` with a lower
// one fails with ERR_STATE_FENCED, so a server that was only slow, or cut off, cannot go on with a stream that another
// has taken over. A put that returned is what the next claim reads.

/** A value and who owns it, which need not be who wrote it. */
export interface StoredState {
  readonly epoch: number;
  /** A copy: the caller may keep it. */
  readonly bytes: Uint8Array;
}

export interface StoredEntry {
  readonly key: string;
  readonly epoch: number;
  /** As they count against the bounds. */
  readonly bytes: number;
  readonly savedMs: number;
}

export interface Claim {
  /** What `put` and `delete` ask for. Whole, below 2^53. */
  readonly epoch: number;
  /** What the owner before has put last; absent when there is none. */
  readonly bytes: Uint8Array | undefined;
}

/** What was removed by `sweep`. */
export interface SweepReport {
  readonly expired: number;
  readonly evicted: number;
  /** Left over. */
  readonly entries: number;
  readonly bytes: number;
}

export interface StateStore {
  /**
   * Takes the key over. With `from`, only from this epoch (0: only a key that has no value).
   * @throws ERR_STATE_FENCED (`from` is no longer the epoch), ERR_STATE_DAMAGED, ERR_STORE_FAILED
   */
  claim(key: string, from?: number): Promise<Claim>;
  /**
   * When it returns, the value survives a power cut (as far as this kind of store can promise). One call a key at a time.
   * @throws ERR_STATE_FENCED, ERR_STATE_TOO_LARGE, ERR_STORE_FAILED
   */
  put(key: string, epoch: number, bytes: Uint8Array): Promise<void>;
  /** The value, whoever owns it. @throws ERR_STATE_DAMAGED, ERR_STORE_FAILED */
  get(key: string): Promise<StoredState | undefined>;
  /** The value; its owner's epoch is remembered for `ageMsMax`. @throws ERR_STATE_FENCED, ERR_STORE_FAILED */
  delete(key: string, epoch: number): Promise<void>;
  /** All values, the oldest first. */
  list(): Promise<readonly StoredEntry[]>;
  /**
   * Removes what is too old, then the oldest while there is too much. Call it now and then; a store does so by itself
   * once an eighth of `bytesMax` was put since the last.
   */
  sweep(): Promise<SweepReport>;
}

export interface StoreBounds {
  /** Bytes of one value. */
  readonly entryBytesMax: number;
  /** Bytes of all values together, kept by `sweep`: for moments an eighth more. */
  readonly bytesMax: number;
  /** A value that nobody has put for so long is removed by `sweep`. */
  readonly ageMsMax: number;
}

export const DEFAULT_STORE_BOUNDS: StoreBounds = {
  entryBytesMax: 16_777_216, // 16 MiB: the largest state of a shipped pipeline is below 1 MiB
  bytesMax: 1_073_741_824, // 1 GiB: 8,000 streams of 128 KiB
  ageMsMax: 86_400_000, // a day
};
