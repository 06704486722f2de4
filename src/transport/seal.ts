// A stream's state for its client to carry: encrypted and authenticated (AES-256-GCM), so that a server that never saw the
// stream can go on with it and nobody can read, make or change one. Bound to tenant, pipeline, models, numerics and expiry.
//   base64url of: u8 version 1 | 12 bytes nonce | u64 expiry in ms, big-endian | ciphertext | 16 bytes tag
// Nothing in it is looked at before the tag is right, and whatever is wrong gets the same words. Not who may use it once
// only: open-state.ts.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { type EngineError, engineError } from '../base/errors.ts';

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + NONCE_BYTES + 8;
export const SEAL_KEY_BYTES = 32;

/** What a sealed state belongs to, as the server knows it without reading it. */
export interface SealBinding {
  readonly tenant: string;
  readonly pipeline: string;
  readonly modelIds: readonly string[];
  readonly numerics: string;
}

/** @param key 32 bytes */
export function seal(state: Uint8Array, binding: SealBinding, expiresMs: number, key: Uint8Array): string {
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = VERSION;
  const nonce = randomBytes(NONCE_BYTES);
  header.set(nonce, 1);
  header.writeBigUInt64BE(BigInt(Math.floor(expiresMs)), 1 + NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(boundTo(binding, header));
  const hidden = Buffer.concat([cipher.update(state), cipher.final()]);
  return Buffer.concat([header, hidden, cipher.getAuthTag()]).toString('base64url');
}

export interface Unsealed {
  readonly state: Uint8Array;
  /** Differs for every sealed state there ever was. */
  readonly id: string;
}

/** @param keys the first seals, all of them open: so keys can be changed. @throws ERR_STATE_SEAL, whatever is wrong */
export function unseal(text: string, binding: SealBinding, nowMs: number, keys: readonly Uint8Array[]): Unsealed {
  const sealed = Buffer.from(text, 'base64url');
  // One text for one state: base64 that is written another way would be a second name for it.
  if (sealed.length < HEADER_BYTES + TAG_BYTES || sealed.toString('base64url') !== text) throw refused();
  const header = sealed.subarray(0, HEADER_BYTES);
  const nonce = header.subarray(1, 1 + NONCE_BYTES);
  for (const key of keys) {
    const state = opened(sealed, header, nonce, boundTo(binding, header), key);
    if (state === undefined) continue;
    if (header[0] !== VERSION || nowMs > Number(header.readBigUInt64BE(1 + NONCE_BYTES))) throw refused();
    return { state, id: nonce.toString('hex') };
  }
  throw refused();
}

function opened(sealed: Buffer, header: Buffer, nonce: Buffer, bound: Buffer, key: Uint8Array): Buffer | undefined {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(bound);
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    const plain = decipher.update(sealed.subarray(header.length, sealed.length - TAG_BYTES));
    return Buffer.concat([plain, decipher.final()]);
  } catch {
    return undefined;
  }
}

/** The header is bound as well: version and expiry are in the clear but cannot be changed. */
const boundTo = ({ tenant, pipeline, modelIds, numerics }: SealBinding, header: Buffer): Buffer =>
  Buffer.concat([header, Buffer.from(JSON.stringify(['millrace state', tenant, pipeline, modelIds, numerics]))]);

export function refused(): EngineError {
  return engineError('ERR_STATE_SEAL', 'the sealed state was refused', { expected: 'to start anew' });
}
