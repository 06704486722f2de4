// What JWTs are checked with, from flags: keys from a file or from a server of keys, and whom and what they must name.

import type { Verify } from '../../transport/guard/identity.ts';
import { jwtTokens } from '../../transport/guard/jwt.ts';
import { remoteKeys } from '../../transport/guard/remote-keys.ts';
import { usage } from '../usage.ts';
import { readSecret } from './read-secret.ts';

export interface JwtFlags {
  readonly jwtKeys?: string | undefined;
  readonly jwtKeysUrl?: string | undefined;
  readonly jwtAudience?: string | undefined;
  readonly jwtIssuer?: string | undefined;
  readonly jwtTenantClaim?: string | undefined;
  /** close or keep. */
  readonly jwtExpired?: string | undefined;
}

export interface JwtKeys {
  readonly verify: Verify;
  /** Gets them, where they are not in a file. @throws ERR_KEYS_UNAVAILABLE */
  fetch(): Promise<void>;
}

/** @param failed told each time that a server of keys was asked in vain @throws ERR_CONFIG_INVALID, ERR_USAGE */
export async function readJwtKeys(flags: JwtFlags, failed: (why: string) => void): Promise<JwtKeys | undefined> {
  const { jwtKeys: file, jwtKeysUrl: url, jwtAudience: audience, jwtIssuer: issuer } = flags;
  if (file === undefined && url === undefined) return undefined;
  if (file !== undefined && url !== undefined) {
    throw usage('--jwt-keys and --jwt-keys-url do not go together', 'one of them');
  }
  if (audience === undefined) {
    const flag = file === undefined ? '--jwt-keys-url' : '--jwt-keys';
    throw usage(`${flag} needs --jwt-audience`, 'the `aud` that is meant for this server');
  }
  const remote = url === undefined ? undefined : remoteKeys(new URL(knownAddress(url)), failed);
  const keys = remote ?? (await readSecret(file!, '--jwt-keys'));
  const { jwtTenantClaim: tenantClaim = 'tenant', jwtExpired = 'close' } = flags;
  return {
    verify: jwtTokens({ keys, audience, issuer, tenantClaim, keepExpired: jwtExpired === 'keep' }),
    fetch: async () => remote?.fetch(),
  };
}

export const KEYS_ADDRESS = 'an address of a JWKS, https:// (or http:// of this machine), without a name and password';
const THIS_MACHINE = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Keys from a line that others can write on are no keys; what is in an address is logged. undefined: it may not be one. */
export function checkKeysAddress(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, username, password, href } = new URL(text);
  if (username !== '' || password !== '') return undefined;
  if (protocol === 'https:' || (protocol === 'http:' && THIS_MACHINE.test(hostname))) return href;
  return undefined;
}

function knownAddress(text: string): string {
  const address = checkKeysAddress(text);
  if (address !== undefined) return address;
  throw usage('--jwt-keys-url cannot be this address', KEYS_ADDRESS);
}
