// Public keys from a server that hands them out (a JWKS, RFC 7517), by jose: asked for when first needed, again when they are ten
// minutes old, and for a key that is not among them, but then not more than twice a minute. While they cannot be had nobody gets in
// by them: the answer is "later", never "yes". What a token is checked for: jwt.ts.

import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose';
import { type EngineError, engineError } from '../../base/errors.ts';
import { readKeySet } from './key-set.ts';

export interface RemoteKeys {
  /** Rejects with ERR_KEYS_UNAVAILABLE. */
  readonly key: JWTVerifyGetKey;
  /** Asks for them now. @throws ERR_KEYS_UNAVAILABLE */
  fetch(): Promise<void>;
}

const TIMEOUT_MS = 3000;
/** A key that was taken back is good for so long at most. */
const CACHE_MS = 600_000;
/** Tokens with made-up key ids must not become questions to the server. */
const COOLDOWN_MS = 30_000;
/** Nor must every handshake while it is down. */
const FAILED_MS = 5000;
/** Some hundred keys. */
const BYTES_MAX = 262_144;

/** @param failed told what went wrong each time that the server was asked in vain; never with what it said */
export function remoteKeys(url: URL, failed: (why: string) => void, timeoutMs = TIMEOUT_MS): RemoteKeys {
  let failedAt = Number.NEGATIVE_INFINITY;
  const keys = createRemoteJWKSet(url, {
    timeoutDuration: timeoutMs,
    cacheMaxAge: CACHE_MS,
    cooldownDuration: COOLDOWN_MS,
    async [customFetch](address, asked) {
      if (Date.now() < failedAt + FAILED_MS) throw unavailable();
      try {
        return await ask(address, asked);
      } catch (cause) {
        failedAt = Date.now();
        failed(reasonOf(cause, timeoutMs));
        throw unavailable(cause);
      }
    },
  });
  return { key: keys, fetch: keys.reload };
}

/** A refusal in words that stand in the log. */
class Useless extends Error {}

async function ask(address: string, asked: RequestInit): Promise<Response> {
  const response = await fetch(address, asked);
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Useless(`the answer is ${response.status}, not 200`);
  }
  const text = await readText(response);
  return Response.json(readKeySet(text, (what) => new Useless(`the answer ${what}`)));
}

async function readText(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    if (bytes > BYTES_MAX) throw new Useless(`the answer is larger than ${BYTES_MAX} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function reasonOf(thrown: unknown, timeoutMs: number): string {
  if (thrown instanceof Useless) return thrown.message;
  const { name, cause } = thrown as { readonly name?: string; readonly cause?: { readonly code?: string } };
  if (name === 'TimeoutError' || name === 'AbortError') return `no answer within ${timeoutMs} ms`;
  return cause?.code === undefined ? 'no connection' : `no connection: ${cause.code}`;
}

const unavailable = (cause?: unknown): EngineError =>
  engineError('ERR_KEYS_UNAVAILABLE', 'who this is cannot be told now', { expected: 'to try again later', cause });
