// What a connection shows of who it is: a token as a subprotocol, since browsers can set no header, or a ticket in the address, good
// for one connection. Asked for anew for each, since both run out. Where a server takes them: docs/configuration.md.

import { engineError } from '../base/errors.ts';
import { toBase64 } from '../wire/base64.ts';

export interface Credentials {
  /** Of `--tokens` or a JWT. A function is asked before each connection: a stream whose token expires then goes on with a fresh one. */
  readonly token?: string | (() => string | Promise<string>);
  /** A ticket of `POST /v1/tickets`, asked for before each connection. */
  readonly ticket?: () => string | Promise<string>;
}

export type Address = readonly [url: string, protocols: readonly string[]];

/** A connection after this one can show something else. */
export const canRenew = ({ token, ticket }: Credentials): boolean =>
  typeof token === 'function' || ticket !== undefined;

/** @throws ERR_CONNECT_FAILED when one that was asked for did not come */
export async function withCredentials(url: string, protocol: string, shown: Credentials): Promise<Address> {
  try {
    const token = typeof shown.token === 'function' ? await shown.token() : shown.token;
    const ticket = await shown.ticket?.();
    const protocols = token === undefined ? [protocol] : [protocol, `auth.${base64url(token)}`];
    const query = ticket === undefined ? '' : `${url.includes('?') ? '&' : '?'}ticket=${encodeURIComponent(ticket)}`;
    return [url + query, protocols];
  } catch (cause) {
    throw engineError('ERR_CONNECT_FAILED', 'no token or ticket to connect with', { cause });
  }
}

const base64url = (text: string): string =>
  toBase64(new TextEncoder().encode(text)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
