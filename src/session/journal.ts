// The last messages of a resumable stream, kept until its client says that it has them: what a new connection is told
// again. Bounded in bytes; what is pushed out cannot be told again, and who asks for it has to start anew. Only keeps:
// who writes it to a store is transport/keeper.ts.

import type { LogEntry } from '../wire/checkpoint-codec.ts';

export interface Journal {
  /** Results before this number are not here. */
  readonly first: number;
  readonly bytes: number;
  readonly entries: readonly LogEntry[];
  /** @param seq number of the result; of a gap or an answer: of the next result after it */
  add(seq: number, envelope: Uint8Array): void;
  /** Results before `seq` have arrived. */
  received(seq: number): void;
  /** What follows result `seq` - 1; undefined when some of it is gone. */
  since(seq: number): readonly LogEntry[] | undefined;
}

/** What an entry costs besides its bytes, so that many empty ones are bounded too. */
const ENTRY_BYTES = 32;
/** Entries dropped at the front before the list is cut. */
const COMPACT_AFTER = 1024;

export function createJournal(bytesMax: number, kept: readonly LogEntry[] = [], keptFirst = 0): Journal {
  let entries = [...kept];
  let head = 0;
  let first = keptFirst;
  const costOf = ({ envelope }: LogEntry): number => ENTRY_BYTES + envelope.length;
  let bytes = entries.reduce((sum, entry) => sum + costOf(entry), 0);

  function forget(): void {
    bytes -= costOf(entries[head++]!);
    if (head < COMPACT_AFTER && head < entries.length) return;
    entries = entries.slice(head);
    head = 0;
  }
  return {
    get first() {
      return first;
    },
    get bytes() {
      return bytes;
    },
    get entries() {
      return entries.slice(head);
    },
    add(seq, envelope) {
      const entry = { seq, envelope };
      entries.push(entry);
      bytes += costOf(entry);
      while (bytes > bytesMax && entries.length - head > 1) {
        first = Math.max(first, entries[head]!.seq + 1);
        forget();
      }
    },
    received(seq) {
      while (head < entries.length && entries[head]!.seq < seq) forget();
      first = Math.max(first, seq);
    },
    since: (seq) => (seq < first ? undefined : entries.slice(head).filter((entry) => entry.seq >= seq)),
  };
}
