// Bounds on who connects, beside those of a stream (limits.ts). Each is of one process.

export interface GuardLimits {
  /** Streams of one token (or of one `sub` of a JWT) at once. */
  readonly streamsPerKeyMax: number;
  /** Streams from one address at once; of IPv6 the first 64 bits are the address. */
  readonly streamsPerAddressMax: number;
  /** Handshakes and tickets of one address in a minute, refused ones included; as many may come at once. */
  readonly handshakesPerMinuteMax: number;
  /** For a connection to say its whole request head. */
  readonly handshakeMsMax: number;
}

export const DEFAULT_GUARD_LIMITS: GuardLimits = {
  streamsPerKeyMax: 1000,
  streamsPerAddressMax: 1000, // as many as there are places: behind a proxy all are one address
  handshakesPerMinuteMax: 3000,
  handshakeMsMax: 10_000,
};
