// What a resumable stream has beyond an ordinary one: its messages are logged until the client has them, its commands are
// counted, its state is stored now and then. Ordinary streams have no record and pay nothing.

import type { Micros } from '../base/units.ts';
import type { ResultItem } from '../item/item.ts';
import type { Snapshot } from '../item/snapshot.ts';
import { createJournal } from '../session/journal.ts';
import type { Resumable, ServerMessage } from '../wire/messages.ts';
import { pbCodec } from '../wire/pb-codec.ts';
import type { Keeper } from './keeper.ts';
import type { OpenedState } from './open-state.ts';

export interface StreamRecord {
  readonly keeper: Keeper;
  readonly recovered: boolean;
  /** Results before this number are the client's already: they are made again and not sent. */
  readonly sendFrom: number;
  /** The client confirms what it gets, and is so far behind that the log could lose what it has not. */
  readonly isFull: boolean;
  logResult(seq: number, item: ResultItem): void;
  /** @param nextSeq number of the next result */
  logMessage(nextSeq: number, message: ServerMessage): void;
  /** A command is in the state. */
  answered(id: string): void;
  received(seq: number): void;
  /** Envelopes that may not have arrived. */
  toRepeat(): readonly Uint8Array[];
  forReady(ttlMs: number): Resumable;
  save(snapshot: Snapshot, ended: boolean, now: Micros): Promise<void>;
}

export function createStreamRecord(
  { keeper, log, logFirst, sendFrom, recovered, ...kept }: NonNullable<OpenedState['kept']>,
  logBytesMax: number,
): StreamRecord {
  let { after } = kept;
  /** Before this connection's first confirmation an old client's silence is no reason to wait for it. */
  let confirms = false;
  const journal = createJournal(logBytesMax, log, logFirst);
  journal.received(sendFrom);
  return {
    keeper,
    recovered,
    sendFrom,
    get isFull() {
      return confirms && journal.bytes > logBytesMax / 2;
    },
    logResult(seq, item) {
      if (seq >= sendFrom) journal.add(seq, pbCodec.encodeResult(seq, item) as Uint8Array);
    },
    logMessage(nextSeq, message) {
      if (nextSeq >= sendFrom) journal.add(nextSeq, pbCodec.encodeServer(message) as Uint8Array);
    },
    answered(id) {
      after = id;
    },
    received(seq) {
      confirms = true;
      keeper.confirm();
      journal.received(seq);
    },
    toRepeat: () => journal.entries.map(({ envelope }) => envelope),
    forReady: (ttlMs) => ({ token: keeper.token, ttl_ms: ttlMs, ...(after === '' ? {} : { after }) }),
    save: (snapshot, ended, now) =>
      keeper.save({ snapshot, after, ended: ended || kept.ended, logFirst: journal.first, log: journal.entries }, now),
  };
}
