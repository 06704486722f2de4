// One connection with its encoding, or with another server's dialect: what the server says goes out here, until it is closed;
// afterwards it goes nowhere. Knows messages, not what they mean.

import type { EngineError } from '../base/errors.ts';
import type { ResultItem } from '../item/item.ts';
import type { Codec, Frame } from '../wire/codec.ts';
import { framedCodec } from '../wire/framed-codec.ts';
import type { ClientMessage, ServerMessage } from '../wire/messages.ts';
import { pbCodec } from '../wire/pb-codec.ts';
import { fromResultMessage } from '../wire/result-message.ts';
import type { Dialect } from './dialect.ts';
import { type Connection, closeReason } from './transport.ts';

export class Line {
  /** What is meant before anything is heard: a dialect's. */
  readonly opening: readonly ClientMessage[];
  #connection: Connection;
  #codec: Codec;
  #dialect: Dialect | undefined;
  #closed = false;

  constructor(connection: Connection, codec: Codec) {
    this.#connection = connection;
    this.#codec = codec;
    this.#dialect = connection.dialect;
    this.opening = this.#dialect?.open((text) => this.#connection.send(text)) ?? [];
  }

  /** Whether the other side knows of credit; who does not is slowed down by not being read (`listen`). */
  get knowsCredit(): boolean {
    return this.#dialect === undefined;
  }
  /** @throws ERR_WIRE_MALFORMED and what else `Codec.decodeClient` and `Dialect.hear` throw */
  hear(frame: Frame): readonly ClientMessage[] {
    if (this.#dialect) return this.#dialect.hear(frame);
    if (frame.bytes.length === 0 && !frame.text) return [];
    return [this.#codec.decodeClient(frame)];
  }
  /** Whether more is to be read. */
  listen(more: boolean): void {
    this.#connection.listen?.(more);
  }
  get backlogBytes(): number {
    return this.#connection.backlogBytes;
  }
  /** From here on rows, detections and audio are framed binary. */
  frame(): void {
    this.#codec = framedCodec(this.#codec);
  }
  send(message: ServerMessage): void {
    if (this.#closed) return;
    if (this.#dialect) this.#dialect.tell(message);
    else this.#connection.send(this.#codec.encodeServer(message));
  }
  result(seq: number, item: ResultItem): void {
    if (this.#closed) return;
    if (this.#dialect) this.#dialect.result(item);
    else this.#connection.send(this.#codec.encodeResult(seq, item));
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
  /** Says why, then closes. */
  fail(error: EngineError): void {
    this.error(error, true);
    this.close(error.closeCode || 1011, error.code);
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
    this.#connection.close(code, closeReason(this.#dialect?.closeReason(reason) ?? reason));
  }
  /** The other side is gone. */
  drop(): void {
    this.#closed = true;
  }
}
