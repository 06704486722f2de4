// Frames as a socket gives them to a codec, and what a codec says of those that it does not take. For tests of the wire.

import { EngineError } from '../../src/base/errors.ts';
import type { Frame } from '../../src/wire/codec.ts';

export const text = (value: string): Frame => ({ text: true, bytes: new TextEncoder().encode(value) });
export const frameOf = (data: string | Uint8Array): Frame =>
  typeof data === 'string' ? text(data) : { text: false, bytes: data };

export const audioFormat = { encoding: 'pcm_s16le', rate: 16000, channels: 1 } as const;

/** What an action is refused with. */
export function codeOf(action: () => unknown): { code: string; expected: string | undefined; message: string } {
  try {
    action();
  } catch (thrown) {
    if (!(thrown instanceof EngineError)) throw thrown;
    return { code: thrown.code, expected: thrown.expected, message: thrown.message };
  }
  throw new Error('nothing was thrown');
}
