// When a stream's client is told what is consumed, and with what words: every `ack_ms`, and earlier when half the credit
// has gone into the state. What is outstanding: credit-ledger.ts.

import type { Micros } from '../base/units.ts';
import type { AckMessage } from '../wire/messages.ts';
import { ACK_MS_DEFAULT } from './limits.ts';

export interface Acks {
  /** A result left so long after its input came. */
  lag(us: number): void;
  isDue(now: Micros, ackableBytes: number): boolean;
  /** The ack of rows before `offset`; undefined when they are acknowledged already. The next is due `ack_ms` later. */
  next(offset: number, now: Micros): AckMessage | undefined;
}

export function createAcks(creditBytes: number, began: Micros, ackMs = ACK_MS_DEFAULT): Acks {
  let ackedAt = began;
  let acked = 0;
  let lagUs = 0;
  return {
    lag(us) {
      lagUs = Math.max(lagUs, us);
    },
    isDue: (now, ackableBytes) => now - ackedAt >= ackMs * 1000 || ackableBytes >= creditBytes / 2,
    next(offset, now) {
      ackedAt = now;
      if (offset === acked) return undefined;
      acked = offset;
      const lag = Math.round(lagUs / 100) / 10;
      lagUs = 0;
      return { type: 'ack', offset, credit: creditBytes, lag_ms: lag };
    },
  };
}
