// Another server's vocabulary over the same streams: what its clients send becomes our messages, what we answer becomes theirs.
// Everything between (guard, credit, limits, drain, metrics, closes) is the bridge's and stays as it is. A dialect holds what one
// connection needs to translate, and nothing that grows. Dialects: compat/. Who speaks one: line.ts.

import type { IncomingMessage } from 'node:http';
import type { ResultItem } from '../item/item.ts';
import type { Frame } from '../wire/codec.ts';
import type { ClientMessage, ServerMessage } from '../wire/messages.ts';

export interface Dialect {
  /** Called once, before all others. @param say sends a text message @returns what is meant before the client has said anything */
  open(say: (text: string) => void): readonly ClientMessage[];
  /** What a message means, in order; may be nothing. `start` is one of ours: its fields are not checked again. @throws a coded error, which ends the stream */
  hear(frame: Frame): readonly ClientMessage[];
  /** Everything the server says but results. */
  tell(message: ServerMessage): void;
  result(item: ResultItem): void;
  /** What stands in the close frame. @param code of the error, or a word of the bridge's */
  closeReason(code: string): string;
}

/** Where another server's clients connect. */
export interface DialectRoute {
  readonly path: string;
  /** Subprotocols that are agreed to, when asked for. */
  readonly protocols: readonly string[];
  /** Rejects with what is told over HTTP, before there is a WebSocket. */
  open(request: IncomingMessage): Promise<Dialect>;
}
