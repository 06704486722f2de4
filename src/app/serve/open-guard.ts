// Who gets in, from flags and files: tokens, keys for JWTs (jwt-keys.ts), origins. Files are read again when asked (SIGHUP), so tokens
// can be given and taken without a restart; streams that are open stay open.

import { asEngineError, type ErrorCode } from '../../base/errors.ts';
import type { StateStore } from '../../store/state-store.ts';
import { createGuard, type Guard } from '../../transport/guard/guard.ts';
import type { GuardLimits } from '../../transport/guard/guard-limits.ts';
import type { Verify } from '../../transport/guard/identity.ts';
import { staticTokens } from '../../transport/guard/static-tokens.ts';
import { usage } from '../usage.ts';
import { type JwtFlags, readJwtKeys } from './jwt-keys.ts';
import { readSecret } from './read-secret.ts';

export interface GuardFlags extends JwtFlags {
  readonly tokens?: string | undefined;
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

export interface GuardEvents {
  refused(code: ErrorCode): void;
  /** The server of keys was asked in vain. */
  keysFailed(why: string): void;
}

/** Does not wait for a server of keys: until it answers, JWTs are refused with ERR_KEYS_UNAVAILABLE. @throws ERR_CONFIG_INVALID, ERR_USAGE */
export async function openGuard(
  flags: GuardFlags,
  limits: GuardLimits,
  store: StateStore,
  events: GuardEvents,
): Promise<OpenGuard> {
  const first = await readWays(flags, events.keysFailed);
  first.fetch().catch(() => undefined); // has been told
  let { verify } = first;
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
    gate: (request) => telling(guard.gate(request), events.refused),
    ticket: (request) => telling(guard.ticket(request), events.refused),
    async reload() {
      const next = await readWays(flags, events.keysFailed);
      await next.fetch();
      verify = next.verify;
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

interface Ways {
  /** In the order that costs least first. */
  readonly verify: readonly Verify[];
  /** Gets what is not in a file. @throws ERR_KEYS_UNAVAILABLE */
  fetch(): Promise<void>;
}

async function readWays(flags: GuardFlags, keysFailed: (why: string) => void): Promise<Ways> {
  const verify: Verify[] = [];
  const { tokens } = flags;
  if (tokens !== undefined) verify.push(staticTokens(await readSecret(tokens, '--tokens'), 'the file of --tokens'));
  const listed = process.env[TOKENS_VARIABLE];
  if (listed) verify.push(staticTokens(listed.replaceAll(',', '\n'), TOKENS_VARIABLE));
  const jwt = await readJwtKeys(flags, keysFailed);
  if (jwt) verify.push(jwt.verify);
  return { verify, fetch: async () => jwt?.fetch() };
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
