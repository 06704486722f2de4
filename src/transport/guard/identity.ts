// Who somebody is once it is proven, and the ways to prove it.

export interface Identity {
  /** Streams, states and tickets are of one tenant and of no other. */
  readonly tenant: string;
  /** What caps are counted by: a token's place in the list, a JWT's subject. Never the secret itself. */
  readonly key: string;
  /** When the proof runs out, in milliseconds since 1970; absent: never. */
  readonly untilMs?: number;
}

/**
 * undefined: not one of these. Never throws for what somebody sent. Rejects with ERR_KEYS_UNAVAILABLE when it cannot be told now.
 */
export type Verify = (token: string) => Promise<Identity | undefined> | Identity | undefined;
