// What one stream's client has outstanding: messages taken and not yet consumed or acknowledged, in bytes. The server's
// side of credit (rule 1 of the wire). Not the inbox: rows wait in the session's door; here is only what they weighed.

import { engineError } from '../base/errors.ts';
import type { StreamLimits } from './limits.ts';

export interface CreditLedger {
  /** Messages not yet consumed. */
  readonly messages: number;
  /** Bytes consumed since the last ack. */
  readonly ackableBytes: number;
  /** False once half the credit, or half of the messages, is outstanding. */
  readonly hasRoom: boolean;
  /**
   * Whether a message of `bytes` may come in. Every byte counts, so that no kind of message can pile up.
   * @throws ERR_CREDIT_OVERRUN
   */
  admit(bytes: number): void;
  /** A message whose rows end before row `to`: outstanding until an ack after that row. */
  add(to: number, bytes: number): void;
  /** A message that waits for something else than rows: outstanding until released. */
  hold(bytes: number): void;
  release(bytes: number): void;
  /** Rows before `offset` are consumed. */
  consume(offset: number): void;
  /** An ack was sent: what is consumed is no longer outstanding. */
  ack(): void;
}

/** Consumed entries kept at the front before the list is cut: keeps `consume` O(1) per message on average. */
const COMPACT_AFTER = 1024;

/** Times the credit: what a client may have outstanding when its policy is block, and when a full inbox drops instead. */
const BLOCK_FACTOR = 2;
const DROP_FACTOR = 64;

export function createCreditLedger(limits: StreamLimits, blocks: boolean): CreditLedger {
  const { creditBytes, outstandingMessagesMax } = limits;
  const bytesMax = (blocks ? BLOCK_FACTOR : DROP_FACTOR) * creditBytes;
  let entries: { readonly to: number; readonly bytes: number }[] = [];
  let head = 0;
  let outstanding = 0;
  let ackable = 0;
  let held = 0;
  const messages = (): number => entries.length - head + held;
  return {
    get messages() {
      return messages();
    },
    get ackableBytes() {
      return ackable;
    },
    get hasRoom() {
      return outstanding <= creditBytes / 2 && messages() <= outstandingMessagesMax / 2;
    },
    admit(bytes) {
      const total = outstanding + bytes;
      if (messages() < outstandingMessagesMax && total <= bytesMax) return;
      throw engineError('ERR_CREDIT_OVERRUN', `${total} bytes in ${messages() + 1} messages past the last ack`, {
        expected: `at most ${creditBytes} bytes (ready.credit) in ${outstandingMessagesMax} messages (limits.max_outstanding)`,
      });
    },
    add(to, bytes) {
      entries.push({ to, bytes });
      outstanding += bytes;
    },
    hold(bytes) {
      held++;
      outstanding += bytes;
    },
    release(bytes) {
      held--;
      outstanding -= bytes;
    },
    consume(offset) {
      while (head < entries.length && entries[head]!.to <= offset) ackable += entries[head++]!.bytes;
      if (head > COMPACT_AFTER) {
        entries = entries.slice(head);
        head = 0;
      }
    },
    ack() {
      outstanding -= ackable;
      ackable = 0;
    },
  };
}
