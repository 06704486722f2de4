// Who somebody is once it is proven, and the ways to prove it.

export interface Identity {
  /** Streams, states and tickets are of one tenant and of no other. */
  readonly tenant: string;
  /** What caps are counted by: a token's place in the list, a JWT's subject. Never the secret itself. */
  readonly key: string;
}

/** undefined: not one of these. Never throws for what somebody sent. */
export type Verify = (token: string) => Promise<Identity | undefined> | Identity | undefined;
