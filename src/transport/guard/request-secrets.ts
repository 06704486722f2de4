// Where a request keeps what proves who it is: the Authorization header; for browsers, which cannot set it, a second
// subprotocol `auth.<token in base64url>` (never echoed: ws-transport.ts answers with names it knows) or `?ticket=`. Clients of
// Deepgram say `Authorization: Token ...`, or the subprotocol `token` (or `bearer`) and the token itself as the next one.

import type { IncomingMessage } from 'node:http';

const SECRET_CHARS_MAX = 8192;

export function tokenOf({ headers }: IncomingMessage): string | undefined {
  const bearer = /^(?:Bearer|Token) +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return bounded(bearer);
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  if (offered[0] === 'token' || offered[0] === 'bearer') return bounded(offered[1] ?? '');
  const hidden = offered.find((name) => name.startsWith('auth.'))?.slice('auth.'.length);
  return hidden === undefined ? undefined : bounded(Buffer.from(hidden, 'base64url').toString('utf8'));
}

export function ticketOf({ url = '' }: IncomingMessage): string | undefined {
  const query = url.indexOf('?');
  return query < 0 ? undefined : (new URLSearchParams(url.slice(query)).get('ticket') ?? undefined);
}

const bounded = (token: string): string | undefined =>
  token.length > 0 && token.length <= SECRET_CHARS_MAX ? token : undefined;
