// JSON Web Tokens (RFC 7519) by jose, with what RFC 8725 asks for: the algorithms are ours to choose and never the token's, a
// public key is never taken for a shared secret, audience and expiry must be there. Keys from the net: remote-keys.ts.

import { createLocalJWKSet, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose';
import { EngineError, engineError } from '../../base/errors.ts';
import type { Verify } from './identity.ts';
import { readKeySet } from './key-set.ts';
import type { RemoteKeys } from './remote-keys.ts';

export interface JwtOptions {
  /** Text of a JWKS (RFC 7517) of public keys, or a shared secret of 32 bytes or more; or public keys from a server of them. */
  readonly keys: string | RemoteKeys;
  readonly audience: string;
  readonly issuer?: string | undefined;
  /** The claim that says the tenant. */
  readonly tenantClaim: string;
  /** Who came in with a token stays when it expires. Default: not. */
  readonly keepExpired?: boolean | undefined;
}

const SHARED = ['HS256', 'HS384', 'HS512'];
const PUBLIC = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
const SECRET_BYTES_MIN = 32;
/** Clocks differ. */
const TOLERANCE_SECONDS = 5;
const TENANT = /^[\w.-]{1,64}$/;

/** @throws ERR_CONFIG_INVALID */
export function jwtTokens({ keys, audience, issuer, tenantClaim, keepExpired = false }: JwtOptions): Verify {
  const { key, algorithms } = typeof keys === 'string' ? readKeys(keys) : { key: keys.key, algorithms: PUBLIC };
  const wanted: JWTVerifyOptions = {
    algorithms,
    audience,
    clockTolerance: TOLERANCE_SECONDS,
    requiredClaims: ['exp', 'aud', tenantClaim],
    ...(issuer === undefined ? {} : { issuer }),
  };
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, key, wanted);
      const tenant = payload[tenantClaim];
      if (typeof tenant !== 'string' || !TENANT.test(tenant)) return undefined;
      const identity = { tenant, key: `${tenant}/${payload.sub ?? ''}` };
      return keepExpired ? identity : { ...identity, untilMs: (payload.exp! + TOLERANCE_SECONDS) * 1000 };
    } catch (thrown) {
      if (thrown instanceof EngineError) throw thrown; // the keys cannot be had
      return undefined; // why is not told: it would help only who forges
    }
  };
}

function readKeys(text: string): { readonly key: JWTVerifyGetKey; readonly algorithms: string[] } {
  const expected = `a JWKS with public keys, or a shared secret of ${SECRET_BYTES_MIN} bytes or more`;
  const wrong = (why: string) => engineError('ERR_CONFIG_INVALID', `the file of --jwt-keys ${why}`, { expected });
  const trimmed = text.trim();
  if (!trimmed.startsWith('{')) {
    const secret = new TextEncoder().encode(trimmed);
    if (secret.length < SECRET_BYTES_MIN) throw wrong('is too short for a secret');
    return { key: async () => secret, algorithms: SHARED };
  }
  return { key: createLocalJWKSet(readKeySet(trimmed, wrong)), algorithms: PUBLIC };
}
