// One connection with its encoding: what the server says goes out here, until it is closed; afterwards it goes nowhere.
// Knows messages, not what they mean.

import type { EngineError } from '../base/errors.ts';
import type { ResultItem } from '../item/item.ts';
import type { Codec } from '../wire/codec.ts';
import { framedCodec } from '../wire/framed-codec.ts';
import type { ServerMessage } from '../wire/messages.ts';
import { pbCodec } from '../wire/pb-codec.ts';
import { fromResultMessage } from '../wire/result-message.ts';
import { type Connection, closeReason } from './transport.ts';

export class Line {
  #connection: Connection;
  #codec: Codec;
  #closed = false;

  constructor(connection: Connection, codec: Codec) {
    this.#connection = connection;
    this.#codec = codec;
  }

  get codec(): Codec {
    return this.#codec;
  }
  get backlogBytes(): number {
    return this.#connection.backlogBytes;
  }
  /** From here on rows, detections and audio are framed binary. */
  frame(): void {
    this.#codec = framedCodec(this.#codec);
  }
  send(message: ServerMessage): void {
    if (!this.#closed) this.#connection.send(this.#codec.encodeServer(message));
  }
  result(seq: number, item: ResultItem): void {
    if (!this.#closed) this.#connection.send(this.#codec.encodeResult(seq, item));
  }
  /** A message that was kept as Envelope, as it went out before. @param rateHz rows per second of its stream */
  again(envelope: Uint8Array, rateHz: number): void {
    const message = pbCodec.decodeServer(envelope);
    if (message.type === 'result') this.result(message.seq, fromResultMessage(message, rateHz));
    else this.send(message);
  }
  error({ code, message, expected }: EngineError, fatal: boolean): void {
    this.send({ type: 'error', code, fatal, message, ...(expected === undefined ? {} : { expected }) });
  }
  cork(): void {
    this.#connection.cork();
  }
  uncork(): void {
    this.#connection.uncork();
  }
  close(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection.close(code, closeReason(reason));
  }
  /** The other side is gone. */
  drop(): void {
    this.#closed = true;
  }
}
