// Bounds on who connects, beside those of a stream (limits.ts). Each is of one process.

import type { DoorLimits } from '../limits.ts';

export interface GuardLimits extends DoorLimits {
  /** For a connection to say its whole request head. */
  readonly handshakeMsMax: number;
}

export const DEFAULT_GUARD_LIMITS: GuardLimits = {
  streamsPerKeyMax: 1000,
  streamsPerAddressMax: 1000, // as many as there are places: behind a proxy all are one address
  handshakesPerMinuteMax: 3000,
  handshakeMsMax: 10_000,
};
