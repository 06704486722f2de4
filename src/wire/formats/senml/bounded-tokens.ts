// The tokens of a CBOR message (RFC 8949), within bounds, so that what a sender says of its own size is believed only as far as
// bytes are there to show it: a length of 2^32 costs nothing, nor do arrays of arrays of arrays. Also refused: a break where
// nothing of open length ends. What the tokens mean: decode-senml-cbor.ts. The only import of cborg's tokenizer.

import { type DecodeOptions, Tokenizer, Type } from 'cborg';
import { malformed } from '../reading.ts';

/** As long as a line may be. */
export const CBOR_BYTES_MAX = 1024 * 1024;
/** Arrays, maps and tags, one byte each at least, some 300 in memory. */
export const CONTAINERS_MAX = 65_536;
/** pack > record > decimal fraction > its array, and as much again for fields that nobody knows. */
export const DEPTH_MAX = 8;

interface Open {
  /** Items to come; Infinity: until the break. */
  left: number;
  readonly map: boolean;
  seen: number;
}
type Token = ReturnType<Tokenizer['next']>;

export class BoundedTokens {
  readonly #tokens: Tokenizer;
  readonly #size: number;
  readonly #open: Open[] = [];
  #containers = 0;

  /** @throws ERR_ROW_MALFORMED when there are too many bytes */
  constructor(bytes: Uint8Array, options: DecodeOptions) {
    if (bytes.length > CBOR_BYTES_MAX) {
      throw malformed('the message', `it has ${bytes.length} bytes`, `${CBOR_BYTES_MAX} at most: several messages`);
    }
    this.#tokens = new Tokenizer(bytes, options);
    this.#size = bytes.length;
  }

  done(): boolean {
    return this.#tokens.done();
  }

  pos(): number {
    return this.#tokens.pos();
  }

  /** @throws ERR_ROW_MALFORMED naming the byte; cborg's own errors, which name none */
  next(): Token {
    const at = this.pos();
    const token = this.#tokens.next();
    if (Type.equals(token.type, Type.break)) this.#endOpen(at);
    else this.#count(token, at);
    while (this.#open.at(-1)?.left === 0) this.#open.pop();
    return token;
  }

  #endOpen(at: number): void {
    const top = this.#open.pop();
    if (top?.left === Infinity && !(top.map && top.seen % 2 === 1)) return;
    throw malformed(`byte ${at}`, 'a break where nothing of open length ends', 'well-formed CBOR');
  }

  #count({ type, value }: Token, at: number): void {
    const top = this.#open.at(-1);
    if (top) {
      top.left--;
      top.seen++;
    }
    // cborg puts U+FFFD where text is not UTF-8.
    if (Type.equals(type, Type.string) && (value as string).includes('\ufffd')) {
      throw malformed(`byte ${at}`, 'text that is not UTF-8', 'UTF-8');
    }
    if (type.terminal) return;
    const map = Type.equals(type, Type.map);
    const left = Type.equals(type, Type.tag) ? 1 : (value as number) * (map ? 2 : 1);
    if (left !== Infinity && left > this.#size - this.pos()) {
      throw malformed(`byte ${at}`, 'more items announced than bytes are left', 'the whole message');
    }
    this.#open.push({ left, map, seen: 0 });
    if (this.#open.length > DEPTH_MAX) throw malformed(`byte ${at}`, 'nested too deep', `${DEPTH_MAX} levels`);
    if (++this.#containers > CONTAINERS_MAX) {
      throw malformed(`byte ${at}`, 'too many records', `${CONTAINERS_MAX} arrays and maps at most: several messages`);
    }
  }
}
