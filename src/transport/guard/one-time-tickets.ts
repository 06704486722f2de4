// Tickets for browsers, which cannot set headers on a WebSocket: who shows a token gets a word that opens one connection
// within a minute (and while the token is good), for `?ticket=`. Addresses end up in logs of proxies; a used ticket in one is worth nothing. They are
// kept by hash in the store of states, so every process that shares it knows them. Not tickets.ts: those are of a stream.

import { createHash, randomBytes } from 'node:crypto';
import { EngineError } from '../../base/errors.ts';
import type { StateStore } from '../../store/state-store.ts';
import type { Identity } from './identity.ts';

export const TICKET_MS = 60_000;
const SHAPE = /^[\w-]{43}$/;

export interface OneTimeTickets {
  issue(identity: Identity): Promise<{ readonly ticket: string; readonly expiresMs: number }>;
  /** undefined: unknown, used or expired. */
  redeem(ticket: string): Promise<Identity | undefined>;
}

interface Kept extends Identity {
  readonly expiresMs: number;
}

/** @param nowMs wall clock */
export function oneTimeTickets(store: StateStore, nowMs: () => number): OneTimeTickets {
  return {
    async issue({ tenant, key, untilMs = Number.POSITIVE_INFINITY }) {
      const ticket = randomBytes(32).toString('base64url');
      const expiresMs = Math.min(nowMs() + TICKET_MS, untilMs);
      const kept: Kept = { tenant, key, expiresMs, ...(Number.isFinite(untilMs) ? { untilMs } : {}) };
      const { epoch } = await store.claim(keyOf(ticket), 0);
      await store.put(keyOf(ticket), epoch, new TextEncoder().encode(JSON.stringify(kept)));
      return { ticket, expiresMs };
    },
    async redeem(ticket) {
      if (!SHAPE.test(ticket)) return undefined;
      const found = await store.get(keyOf(ticket));
      if (!found) return undefined;
      try {
        const { epoch } = await store.claim(keyOf(ticket), found.epoch); // two at once: one is fenced
        await store.delete(keyOf(ticket), epoch);
      } catch (thrown) {
        if (thrown instanceof EngineError && thrown.code === 'ERR_STATE_FENCED') return undefined;
        throw thrown;
      }
      const { expiresMs, ...identity } = JSON.parse(new TextDecoder().decode(found.bytes)) as Kept;
      return nowMs() <= expiresMs ? identity : undefined;
    },
  };
}

const keyOf = (ticket: string): string => `t${createHash('sha256').update(ticket).digest('hex')}`;
