// A set of public keys (a JWKS, RFC 7517) as text, from a file or the net. One that is not public is refused: who publishes it, or
// takes it for one, has made a mistake that must not go unnoticed.

import type { JSONWebKeySet } from 'jose';

/** @param wrong makes the error of what is wrong, "holds no key"; nothing of the text is in it */
export function readKeySet(text: string, wrong: (what: string) => Error): JSONWebKeySet {
  let set: { readonly keys?: unknown } | null;
  try {
    set = JSON.parse(text);
  } catch {
    throw wrong('is no JWKS');
  }
  const keys = set?.keys;
  if (!Array.isArray(keys) || !keys.every(isKey)) throw wrong('is no JWKS');
  if (keys.length === 0) throw wrong('holds no key');
  if (!keys.every(isPublic)) throw wrong('holds a key that is not public');
  return { keys } as JSONWebKeySet;
}

const isKey = (key: unknown): key is object => typeof key === 'object' && key !== null && 'kty' in key;
const isPublic = (key: object): boolean => !('d' in key || 'k' in key);
