// Puts what a fleet knows on the disk, a few streams at a time, while rows go on coming. In this order, so that a kill at any
// moment loses nothing and repeats nothing: results out, word of it in the journal, checkpoints, old journal away. Streams are
// copied between two rows, all at the same journal position; the writing itself holds up nobody.

import type { StateStore } from '../../store/state-store.ts';
import type { FleetStream } from './fleet-stream.ts';
import type { Journal } from './journal.ts';
import type { ResultSink } from './result-sink.ts';
import { encodeStreamState, storeKeyOf } from './stream-state.ts';

/** A fleet's folder, opened. */
export interface FleetDisk {
  readonly store: StateStore;
  /** Under which this process owns all keys. */
  readonly epoch: number;
  readonly journal: Journal;
}

export interface CheckpointOptions {
  /** A stream is due after so many rows .. */
  readonly rows: number;
  /** .. or so long after the first row that is in no checkpoint. */
  readonly ms: number;
}

export interface Checkpoints {
  /** Copies the streams that are due, and writes them in the background. Call it between two rows. */
  tick(nowMs: number): void;
  /** Writes all that is left. */
  finish(): Promise<void>;
}

/** Copies of states in memory at once: 32 of 70 kB are 2 MB. */
const AT_ONCE = 32;

export function createCheckpoints(
  disk: FleetDisk,
  streams: ReadonlyMap<string, FleetStream>,
  sink: ResultSink,
  options: CheckpointOptions,
  applied: () => number,
  fail: (thrown: unknown) => void,
): Checkpoints {
  let writing: Promise<void> | undefined;
  let told = -1;

  const due = ({ unsaved }: FleetStream, nowMs: number): boolean =>
    unsaved.rows >= options.rows || (unsaved.rows > 0 && nowMs - unsaved.sinceMs >= options.ms);

  function firstNeeded(position: number): number {
    let first = position;
    for (const { unsaved } of streams.values()) if (unsaved.rows > 0) first = Math.min(first, unsaved.first);
    return first;
  }
  async function write(chosen: readonly FleetStream[]): Promise<void> {
    const position = applied();
    const states = chosen.map((stream) => [stream.key, encodeStreamState(stream.checkpoint(position))] as const);
    const left = sink.mark();
    if (position !== told) {
      await disk.journal.append({ out: [position, await left] });
      told = position;
    }
    for (const [key, bytes] of states) await disk.store.put(storeKeyOf(key), disk.epoch, bytes);
    if (states.length > 0) await disk.journal.trim(firstNeeded(position));
  }
  return {
    tick(nowMs) {
      if (writing) return;
      const chosen = [...streams.values()].filter((stream) => due(stream, nowMs)).slice(0, AT_ONCE);
      if (chosen.length === 0 && applied() === told) return;
      writing = write(chosen)
        .catch(fail)
        .finally(() => {
          writing = undefined;
        });
    },
    async finish() {
      await writing;
      const left = [...streams.values()].filter(({ unsaved }) => unsaved.rows > 0);
      for (let at = 0; at < left.length; at += AT_ONCE) await write(left.slice(at, at + AT_ONCE));
      if (applied() !== told) await write([]);
    },
  };
}
