// Who gets in, from flags and files: tokens, keys for JWTs, origins. Files are read again when asked (SIGHUP), so tokens can be
// given and taken without a restart; streams that are open stay open.

import { readFile } from 'node:fs/promises';
import { asEngineError, type ErrorCode, engineError } from '../../base/errors.ts';
import type { StateStore } from '../../store/state-store.ts';
import { createGuard, type Guard } from '../../transport/guard/guard.ts';
import type { GuardLimits } from '../../transport/guard/guard-limits.ts';
import type { Verify } from '../../transport/guard/identity.ts';
import { jwtTokens } from '../../transport/guard/jwt.ts';
import { staticTokens } from '../../transport/guard/static-tokens.ts';
import { usage } from '../usage.ts';

export interface GuardFlags {
  readonly tokens?: string | undefined;
  readonly jwtKeys?: string | undefined;
  readonly jwtAudience?: string | undefined;
  readonly jwtIssuer?: string | undefined;
  readonly jwtTenantClaim?: string | undefined;
  readonly origins?: readonly string[] | undefined;
  readonly trustProxy?: boolean | undefined;
}

/** Tokens in place of a file, as platforms hand out secrets. */
export const TOKENS_VARIABLE = 'MILLRACE_TOKENS';

export interface OpenGuard extends Guard {
  /** False: everybody gets in. */
  readonly asks: boolean;
  /** Reads the files again. What is wrong with one leaves all as it was. @throws ERR_CONFIG_INVALID */
  reload(): Promise<void>;
}

/** @param told of each refusal, by its code @throws ERR_CONFIG_INVALID, ERR_USAGE */
export async function openGuard(
  flags: GuardFlags,
  limits: GuardLimits,
  store: StateStore,
  told: (code: ErrorCode) => void,
): Promise<OpenGuard> {
  let verify = await readVerify(flags);
  const guard = createGuard({
    limits,
    store,
    verify: () => verify,
    origins: (flags.origins ?? []).map(knownOrigin),
    trustProxy: flags.trustProxy === true,
  });
  return {
    ...guard,
    asks: verify.length > 0,
    gate: (request) => telling(guard.gate(request), told),
    ticket: (request) => telling(guard.ticket(request), told),
    async reload() {
      verify = await readVerify(flags);
    },
  };
}

/** What `asked` says; a refusal is told of on its way. */
async function telling<T>(asked: Promise<T>, told: (code: ErrorCode) => void): Promise<T> {
  try {
    return await asked;
  } catch (thrown) {
    told(asEngineError(thrown).code);
    throw thrown;
  }
}

async function readVerify(flags: GuardFlags): Promise<Verify[]> {
  const ways: Verify[] = [];
  if (flags.tokens !== undefined) ways.push(staticTokens(await read(flags.tokens, '--tokens'), 'the file of --tokens'));
  const listed = process.env[TOKENS_VARIABLE];
  if (listed) ways.push(staticTokens(listed.replaceAll(',', '\n'), TOKENS_VARIABLE));
  if (flags.jwtKeys === undefined) return ways;
  const { jwtAudience: audience, jwtIssuer: issuer, jwtTenantClaim: tenantClaim = 'tenant' } = flags;
  if (audience === undefined) throw usage('--jwt-keys needs --jwt-audience', 'the `aud` that is meant for this server');
  ways.push(jwtTokens({ keys: await read(flags.jwtKeys, '--jwt-keys'), audience, issuer, tenantClaim }));
  return ways;
}

function read(path: string, flag: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    const expected = 'a file that this process may read';
    throw engineError('ERR_CONFIG_INVALID', `the file of ${flag} cannot be read`, { expected, cause });
  });
}

/** `https://example.org` and `https://example.org/` are meant to be the same; a path is a mistake: undefined. */
export function checkOrigin(text: string): string | undefined {
  const trimmed = text.replace(/\/$/, '');
  return URL.canParse(trimmed) && new URL(trimmed).origin === trimmed ? trimmed : undefined;
}

function knownOrigin(text: string): string {
  const origin = checkOrigin(text);
  if (origin !== undefined) return origin;
  throw usage(`--origins cannot have "${text}"`, 'origins as browsers send them, such as https://example.org');
}
