// Tickets to a resumable stream: `<key in the store>.<secret>`. The store knows the hash of a secret only, so who reads the
// folder cannot attach. One attachment each: using one makes a new one, and the old is void once the new has arrived.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export interface Ticket {
  readonly key: string;
  readonly token: string;
  /** SHA-256 of the secret. */
  readonly hash: Uint8Array;
}

const SHAPE = /^(r[0-9a-f]{32})\.([\w-]{43})$/;

export function newTicket(key = `r${randomBytes(16).toString('hex')}`): Ticket {
  const secret = randomBytes(32).toString('base64url');
  return { key, token: `${key}.${secret}`, hash: hashOf(secret) };
}

/** undefined: not a ticket at all. */
export function readTicket(token: string): Ticket | undefined {
  const [, key, secret] = SHAPE.exec(token) ?? [];
  return key && secret ? { key, token, hash: hashOf(secret) } : undefined;
}

/** Looks at all of them, whichever fits. */
export const isValid = ({ hash }: Ticket, valid: readonly Uint8Array[]): boolean =>
  valid.reduce((fits, other) => (other.length === hash.length && timingSafeEqual(other, hash)) || fits, false);

const hashOf = (secret: string): Uint8Array => createHash('sha256').update(secret).digest();
