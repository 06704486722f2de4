// Keeps one resumable stream in the store while a connection has it: when its state is to be written, under which epoch,
// with which tickets. One write at a time. What a state is made of, it is told; how states begin: open-state.ts.

import type { Micros } from '../base/units.ts';
import type { StateStore } from '../store/state-store.ts';
import { type Checkpoint, encodeCheckpoint } from '../wire/checkpoint-codec.ts';
import type { Ticket } from './tickets.ts';

/** The part of a checkpoint that the stream knows. */
export type Kept = Pick<Checkpoint, 'snapshot' | 'after' | 'ended' | 'logFirst' | 'log'>;

export interface KeeperOptions {
  readonly store: StateStore;
  readonly epoch: number;
  readonly stream: string;
  readonly tenant: string;
  /** For the next connection. */
  readonly ticket: Ticket;
  /** What this connection came with: valid until it is known that the new one has arrived. */
  readonly used?: Ticket | undefined;
  readonly nowMs: () => number;
  readonly checkpointMs: number;
  readonly checkpointBytes: number;
  readonly resumeMs: number;
}

export interface Keeper {
  readonly key: string;
  readonly token: string;
  readonly stream: string;
  /** Rows whose state is stored. */
  readonly durable: number;
  readonly busy: boolean;
  /** @param bytes taken since the last state @param changed anything is different from it */
  isDue(now: Micros, bytes: number, changed: boolean): boolean;
  /** The client has the new ticket: the one it came with is void from the next state on. */
  confirm(): void;
  /** Stores a state after the one being stored. @throws ERR_STATE_FENCED, ERR_STATE_TOO_LARGE, ERR_STORE_FAILED */
  save(kept: Kept, now: Micros): Promise<void>;
}

/** A stream that stands still is stored again after this share of the time for which its state is good. */
const FRESH = 0.25;
/** Much input brings the next state forward, but not to closer than this share of the interval. */
const CLOSEST = 0.1;

export function createKeeper(options: KeeperOptions): Keeper {
  const { store, epoch, ticket, stream, tenant, nowMs, checkpointMs, checkpointBytes, resumeMs } = options;
  let { used } = options;
  let durable = 0;
  let busy = 0;
  let tail: Promise<unknown> = Promise.resolve();
  // Streams that began together do not write together: the first state is due after half to all of the interval.
  let dueFrom = 0;
  const share = 0.5 + (ticket.hash[0]! / 255) * 0.5;
  let interval = checkpointMs * share;

  async function write(kept: Kept): Promise<void> {
    const tickets = used ? [ticket.hash, used.hash] : [ticket.hash];
    const checkpoint = { ...kept, stream, tenant, tickets, savedMs: nowMs() };
    await store.put(ticket.key, epoch, encodeCheckpoint(checkpoint));
    durable = kept.snapshot.offset;
  }
  return {
    key: ticket.key,
    token: ticket.token,
    stream,
    get durable() {
      return durable;
    },
    get busy() {
      return busy > 0;
    },
    isDue(now, bytes, changed) {
      if (busy > 0) return false;
      const ms = (now - dueFrom) / 1000;
      if (!changed) return ms >= resumeMs * FRESH;
      return ms >= interval || (bytes >= checkpointBytes && ms >= interval * CLOSEST);
    },
    confirm() {
      used = undefined;
    },
    save(kept, now) {
      busy++;
      const written = tail.then(() => write(kept));
      tail = written
        .catch(() => undefined)
        .then(() => {
          if (dueFrom > 0) interval = checkpointMs;
          dueFrom = now;
          busy--;
        });
      return written;
    },
  };
}
