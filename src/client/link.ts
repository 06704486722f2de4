// One connection of the client: a socket with its encoding, from opening to the close. Says once that it is lost, and why.
// What is said over it, and whether there is another one after it: stream-client.ts.

import { asEngineError, EngineError, engineError } from '../base/errors.ts';
import { type Codec, PROTOCOL_JSON, PROTOCOL_PB } from '../wire/codec.ts';
import { framedCodec } from '../wire/framed-codec.ts';
import { jsonCodec } from '../wire/json-codec.ts';
import type { ClientMessage, Framing, ServerMessage } from '../wire/messages.ts';
import type { WebSocketLike } from '../wire/socket-like.ts';
import { type Credentials, withCredentials } from './credentials.ts';
import { defaultSocket, type OpenSocket } from './socket.ts';

export interface LinkOptions extends Credentials {
  readonly protocol?: 'json' | 'pb' | undefined;
  readonly frame?: Framing | undefined;
  readonly socket?: OpenSocket | undefined;
}

export interface LinkEvents {
  opened(): void;
  heard(message: ServerMessage): void;
  /** A message that cannot be read; the link goes on. */
  unreadable(error: EngineError): void;
  /** Once, and nothing after it. `code` is the close code; 0: there was never a connection. */
  lost(error: EngineError, code: number): void;
}

export class Link {
  #events: LinkEvents;
  #codec: Codec | undefined;
  #socket: WebSocketLike | undefined;
  #over = false;

  constructor(url: string, options: LinkOptions, events: LinkEvents) {
    this.#events = events;
    this.#open(url, options).catch((cause: unknown) => {
      const unknown = engineError('ERR_CONNECT_FAILED', 'no connection to the server', { cause });
      this.#lose(cause instanceof EngineError ? cause : unknown, 0);
    });
  }

  /** Bytes that the network has not taken. */
  get bufferedAmount(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  post(message: ClientMessage): void {
    if (!this.#over) this.#socket!.send(this.#codec!.encodeClient(message));
  }

  /** Nothing more is heard; the socket is closed. */
  drop(): void {
    this.#over = true;
    this.#socket?.close(1000, 'aborted');
  }

  async #open(url: string, options: LinkOptions): Promise<void> {
    const { protocol = 'json', frame, socket = defaultSocket, token, ticket } = options;
    const codec = protocol === 'pb' ? (await import('../wire/pb-codec.ts')).pbCodec : jsonCodec;
    this.#codec = frame === 'framed' ? framedCodec(codec) : codec;
    const name = protocol === 'pb' ? PROTOCOL_PB : PROTOCOL_JSON;
    const known = token === undefined && ticket === undefined;
    const [to, protocols] = known ? [url, [name]] : await withCredentials(url, name, options);
    if (this.#over) return;
    const made = socket(to, protocols);
    // A platform's socket can fail before the next turn (a port it blocks), so nothing is awaited that need not be.
    const opened = made instanceof Promise ? await made : made;
    this.#socket = opened;
    opened.binaryType = 'arraybuffer';
    opened.onopen = () => this.#begin();
    opened.onmessage = ({ data }) => this.#hear(data as string | ArrayBuffer);
    opened.onerror = () => {
      // Followed by a close, except on Node 22 when no connection came about: there the state stays "connecting".
      if (opened.readyState === 0) this.#lose(engineError('ERR_CONNECT_FAILED', 'no connection to the server'), 0);
    };
    opened.onclose = ({ code, reason }) => {
      const said = reason ? `${code} ${reason}` : `${code}`;
      const what = `the connection closed (${said}) before the stream ended`;
      this.#lose(engineError('ERR_CONNECT_FAILED', what), code);
    };
    if (opened.readyState === 1) this.#begin();
    if (opened.readyState >= 2) throw engineError('ERR_CONNECT_FAILED', 'the connection was refused at once');
    if (this.#over) opened.close(1000, 'aborted');
  }

  #begin(): void {
    this.#socket!.onopen = null;
    if (!this.#over) this.#events.opened();
  }

  #hear(data: string | ArrayBuffer): void {
    if (this.#over) return;
    let message: ServerMessage;
    try {
      message = this.#codec!.decodeServer(typeof data === 'string' ? data : new Uint8Array(data));
    } catch (thrown) {
      return this.#events.unreadable(asEngineError(thrown));
    }
    this.#events.heard(message);
  }

  #lose(error: EngineError, code: number): void {
    if (this.#over) return;
    this.#over = true;
    this.#events.lost(error, code);
  }
}
