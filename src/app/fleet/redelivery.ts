// Tells a message that a broker sends again from a new one. QoS 1 means at least once: what we have written down but whose
// acknowledgement was lost comes again on the next connection, with the same number and content, before anything new and in
// order. So the first message on a connection that is not one of those ends the suspicion: numbers are used again.
// It does not rely on the DUP flag, which not every broker sets.

import { crc32 } from 'node:zlib';

export interface Redelivery {
  /** The message is on the disk. */
  note(id: number, sum: number): void;
  /** A new connection, or a new process. */
  reconnected(): void;
  isRepeat(id: number, sum: number): boolean;
}

/** Confirmations that may be lost with a connection: more than a broker has under way to one client (mosquitto: 20). */
const NOTED_MAX = 8192;

export const sumOf = (topic: string, payload: Uint8Array): number => crc32(payload, crc32(topic));

export function createRedelivery(): Redelivery {
  let noted: (readonly [number, number])[] = [];
  let suspects: (readonly [number, number])[] = [];
  return {
    note(id, sum) {
      noted.push([id, sum]);
      if (noted.length >= 2 * NOTED_MAX) noted = noted.slice(-NOTED_MAX);
    },
    reconnected() {
      suspects = [...suspects, ...noted];
      noted = [];
    },
    isRepeat(id, sum) {
      const at = suspects.findIndex(([own, ownSum]) => own === id && ownSum === sum);
      suspects = at < 0 ? [] : suspects.slice(at + 1);
      return at >= 0;
    },
  };
}
