// The gate of a server, in the order that costs least first: how often this address comes, where a page comes from, who it
// is, how many streams it has. Nobody learns why a token was not good, and no token is kept or told: not in errors, not in logs.

import type { IncomingMessage } from 'node:http';
import { type EngineError, engineError } from '../../base/errors.ts';
import type { StateStore } from '../../store/state-store.ts';
import type { Gate } from '../gate.ts';
import { countedAddress } from './address.ts';
import { createCaps } from './caps.ts';
import type { GuardLimits } from './guard-limits.ts';
import type { Identity, Verify } from './identity.ts';
import { type OneTimeTickets, oneTimeTickets } from './one-time-tickets.ts';
import { createRate } from './rate.ts';
import { ticketOf, tokenOf } from './request-secrets.ts';

export interface GuardOptions {
  readonly limits: GuardLimits;
  /** Ways to prove who one is, now; each is tried. None: nobody is asked. */
  readonly verify: () => readonly Verify[];
  /** Pages that may connect, as `https://example.org`; none given: pages of any origin may. Who is no browser has no origin. */
  readonly origins: readonly string[];
  /** Where tickets are kept. */
  readonly store: StateStore;
  /** The last address of X-Forwarded-For is the client's: the server stands behind a proxy that writes it. */
  readonly trustProxy?: boolean;
  /** Milliseconds since 1970; for tests. */
  readonly nowMs?: () => number;
}

export interface Guard {
  readonly gate: Gate;
  /** For `POST /v1/tickets`. @throws what `gate` does, ERR_STORE_FAILED */
  ticket(request: IncomingMessage): ReturnType<OneTimeTickets['issue']>;
}

const NOBODY: Identity = { tenant: '', key: '' };

export function createGuard(options: GuardOptions): Guard {
  const { limits, verify, store, nowMs = Date.now } = options;
  const rate = createRate(limits.handshakesPerMinuteMax, nowMs);
  const perKey = createCaps(limits.streamsPerKeyMax);
  const perAddress = createCaps(limits.streamsPerAddressMax);
  const tickets = oneTimeTickets(store, nowMs);

  function checkComer(request: IncomingMessage): string {
    const address = addressOf(request, options.trustProxy === true);
    if (!rate.take(address)) throw tooMany('too many handshakes from this address', 'to try again later');
    const { origin } = request.headers;
    if (origin !== undefined && options.origins.length > 0 && !options.origins.includes(origin)) {
      throw engineError('ERR_FORBIDDEN', 'pages of this origin may not connect', { expected: 'an origin on the list' });
    }
    return address;
  }
  async function byToken(request: IncomingMessage): Promise<Identity | undefined> {
    const token = tokenOf(request);
    if (token === undefined) return undefined;
    for (const one of verify()) {
      const identity = await one(token);
      if (identity) return identity;
    }
    return undefined;
  }
  async function whoIs(request: IncomingMessage): Promise<Identity> {
    if (verify().length === 0) return NOBODY;
    const known = await byToken(request);
    if (known) return known;
    const ticket = ticketOf(request);
    const redeemed = ticket === undefined ? undefined : await tickets.redeem(ticket);
    if (redeemed) return redeemed;
    throw unauthenticated();
  }
  return {
    async gate(request) {
      const address = checkComer(request);
      const { tenant, key, untilMs } = await whoIs(request);
      if (!perAddress.enter(address)) throw tooMany('too many streams from this address', 'to end one first');
      if (key !== '' && !perKey.enter(key)) {
        perAddress.leave(address);
        throw tooMany('too many streams with this token', 'to end one first');
      }
      return {
        tenant,
        untilMs,
        release() {
          perAddress.leave(address);
          if (key !== '') perKey.leave(key);
        },
      };
    },
    async ticket(request) {
      checkComer(request);
      const identity = verify().length === 0 ? NOBODY : await byToken(request);
      if (!identity) throw unauthenticated(); // a ticket buys no other
      return tickets.issue(identity);
    },
  };
}

function addressOf({ headers, socket }: IncomingMessage, trustProxy: boolean): string {
  const forwarded = trustProxy
    ? String(headers['x-forwarded-for'] ?? '')
        .split(',')
        .at(-1)!
        .trim()
    : '';
  return countedAddress(forwarded === '' ? (socket.remoteAddress ?? '') : forwarded);
}

/** The same words whether there was no token, a wrong one or an old one. */
const unauthenticated = (): EngineError =>
  engineError('ERR_UNAUTHENTICATED', 'who this is could not be told', {
    expected:
      'Authorization: Bearer <token>, the subprotocol auth.<token in base64url>, or ?ticket= of POST /v1/tickets',
  });

const tooMany = (message: string, expected: string): EngineError =>
  engineError('ERR_RATE_LIMIT', message, { expected });
