// Tells a message that a broker sends again from a new one. QoS 1 means at least once: what we have written down but whose
// acknowledgement was lost comes again on the next connection, with the same number and content, marked (DUP) by brokers that
// keep to the standard. From one that does not mark, it is known as long as nothing new has come on the connection: numbers
// are used again, and a sensor may well say the same thing twice.

import { crc32 } from 'node:zlib';

export interface Redelivery {
  /** The message is on the disk. */
  note(id: number, sum: number): void;
  /** A new connection, or a new process. */
  reconnected(): void;
  /** @param marked by the broker as sent before */
  isRepeat(id: number, sum: number, marked: boolean): boolean;
}

/** Confirmations that may be lost with a connection: more than a broker has under way to one client (mosquitto: 20). */
const NOTED_MAX = 8192;

export const sumOf = (topic: string, payload: Uint8Array): number => crc32(payload, crc32(topic));

export function createRedelivery(): Redelivery {
  let noted: (readonly [number, number])[] = [];
  let suspects: (readonly [number, number])[] = [];
  let nothingNew = false;
  return {
    note(id, sum) {
      noted.push([id, sum]);
      if (noted.length >= 2 * NOTED_MAX) noted = noted.slice(-NOTED_MAX);
    },
    reconnected() {
      suspects = noted.slice(-NOTED_MAX);
      noted = [...suspects];
      nothingNew = true;
    },
    isRepeat(id, sum, marked) {
      const at = suspects.findIndex(([own, ownSum]) => own === id && ownSum === sum);
      const repeat = at >= 0 && (marked || nothingNew);
      if (repeat) suspects.splice(at, 1);
      else nothingNew = false;
      return repeat;
    },
  };
}
