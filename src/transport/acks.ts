// When a stream's client is told what is consumed, and with what words: every `ack_ms`, and earlier when half the credit
// has gone into the state. What is outstanding: credit-ledger.ts.

import type { Micros } from '../base/units.ts';
import type { AckMessage } from '../wire/messages.ts';
import { ACK_MS_DEFAULT } from './limits.ts';

export interface Acks {
  /** A result left so long after its input came. */
  lag(us: number): void;
  isDue(now: Micros, ackableBytes: number): boolean;
  /**
   * The ack of rows before `offset`; undefined when they are acknowledged already. The next is due `ack_ms` later.
   * @param durable rows whose state is stored; resumable streams only
   */
  next(offset: number, now: Micros, durable?: number): AckMessage | undefined;
}

export function createAcks(creditBytes: number, began: Micros, ackMs = ACK_MS_DEFAULT): Acks {
  let ackedAt = began;
  let acked = 0;
  let ackedDurable: number | undefined;
  let lagUs = 0;
  return {
    lag(us) {
      lagUs = Math.max(lagUs, us);
    },
    isDue: (now, ackableBytes) => now - ackedAt >= ackMs * 1000 || ackableBytes >= creditBytes / 2,
    next(offset, now, durable) {
      ackedAt = now;
      if (offset === acked && durable === ackedDurable) return undefined;
      acked = offset;
      ackedDurable = durable;
      const lag = Math.round(lagUs / 100) / 10;
      lagUs = 0;
      const stored = durable === undefined ? {} : { durable };
      return { type: 'ack', offset, credit: creditBytes, lag_ms: lag, ...stored };
    },
  };
}
