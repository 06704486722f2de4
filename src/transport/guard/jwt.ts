// JSON Web Tokens (RFC 7519) by jose, with what RFC 8725 asks for: the algorithms are ours to choose and never the token's, a
// public key is never taken for a shared secret, audience and expiry must be there. Keys come from a file, not from the net.

import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose';
import { engineError } from '../../base/errors.ts';
import type { Verify } from './identity.ts';

export interface JwtOptions {
  /** Text of a JWKS (RFC 7517) of public keys, or a shared secret of 32 bytes or more. */
  readonly keys: string;
  readonly audience: string;
  readonly issuer?: string | undefined;
  /** The claim that says the tenant. */
  readonly tenantClaim: string;
}

const SHARED = ['HS256', 'HS384', 'HS512'];
const PUBLIC = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
const SECRET_BYTES_MIN = 32;
/** Clocks differ. */
const TOLERANCE_SECONDS = 5;
const TENANT = /^[\w.-]{1,64}$/;

/** @throws ERR_CONFIG_INVALID */
export function jwtTokens({ keys, audience, issuer, tenantClaim }: JwtOptions): Verify {
  const { key, algorithms } = readKeys(keys);
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
      return { tenant, key: `${tenant}/${payload.sub ?? ''}` };
    } catch {
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
  let set: JSONWebKeySet;
  let key: JWTVerifyGetKey;
  try {
    set = JSON.parse(trimmed) as JSONWebKeySet;
    key = createLocalJWKSet(set);
  } catch {
    throw wrong('is no JWKS');
  }
  if (set.keys.length === 0) throw wrong('holds no key');
  if (set.keys.some(({ kty, d }) => kty === 'oct' || d !== undefined)) throw wrong('holds a key that is not public');
  return { key, algorithms: PUBLIC };
}
