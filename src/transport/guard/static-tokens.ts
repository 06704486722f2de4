// Tokens from a list: one a line, `<tenant> <token>`. Only their hashes are kept, and all are compared, so neither memory
// nor time says which one was nearly right.

import { createHash, timingSafeEqual } from 'node:crypto';
import { engineError } from '../../base/errors.ts';
import type { Identity, Verify } from './identity.ts';

/** Shorter ones could be guessed: 16 random characters are some 90 bits. */
const TOKEN_CHARS_MIN = 16;
const LINE = new RegExp(`^([\\w.-]{1,64})\\s+([\\x21-\\x7e]{${TOKEN_CHARS_MIN},})$`);

/** @param from what is named when the list is wrong; the list itself never is @throws ERR_CONFIG_INVALID */
export function staticTokens(list: string, from: string): Verify {
  const lines = list.split('\n').map((line) => line.trim());
  const entries = lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => LINE.exec(line));
  if (entries.length === 0 || entries.includes(null)) {
    const expected = `one a line, <tenant> <token>, a token of ${TOKEN_CHARS_MIN} characters or more, as \`openssl rand -hex 32\` gives`;
    throw engineError('ERR_CONFIG_INVALID', `${from} does not hold tokens`, { expected });
  }
  const known = entries.map((entry, place) => {
    const [, tenant, token] = entry!;
    return { hash: hashOf(token!), identity: { tenant: tenant!, key: `${tenant}/${place}` } };
  });
  return (token) => {
    const hash = hashOf(token);
    let found: Identity | undefined;
    for (const entry of known) if (timingSafeEqual(entry.hash, hash)) found = entry.identity;
    return found;
  };
}

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();
