// What carries messages: a transport hands out connections, a connection is two ordered streams of whole messages. It knows
// nothing of what they say. Kinds: ws/ and memory/; who speaks over them: bridge.ts.

import type { Observable } from 'rxjs';
import type { Frame } from '../wire/codec.ts';
import type { Dialect } from './dialect.ts';
import type { TraceContext } from './trace-context.ts';

export interface Connection {
  /** The subprotocol agreed on; '' when the client asked for none. */
  readonly protocol: string;
  /** Who it is, when the transport asked: streams are resumed by the same only. */
  readonly tenant?: string;
  /** When what it showed of itself runs out, in milliseconds since 1970; absent: never. */
  readonly untilMs?: number | undefined;
  /** Whose trace it belongs to; absent: it did not say. */
  readonly trace?: TraceContext | undefined;
  /** It speaks another server's vocabulary. Absent: one of ours. */
  readonly dialect?: Dialect | undefined;
  /** Hot, one subscriber, which must subscribe at once. Completes when the connection is gone, for whatever reason. */
  readonly messages$: Observable<Frame>;
  /** Bytes given to `send` that the other side's network has not taken. */
  readonly backlogBytes: number;
  /** A string is a text message. Ignored when the connection is closing or gone. Bytes are not to be changed afterwards. */
  send(data: string | Uint8Array): void;
  /** Whether more is to be read from now on; what has been read already still comes. Absent: always. */
  listen?(more: boolean): void;
  /** What is sent from here to `uncork` may leave in one piece. Not nested; `close` sends what is held. */
  cork(): void;
  uncork(): void;
  /** Sends what waits, then closes. `reason` is cut to 123 bytes. */
  close(code: number, reason: string): void;
}

export interface Transport {
  /** Hot; a connection that nobody takes is lost. */
  readonly connections$: Observable<Connection>;
  /** Takes no more connections, closes the ones there are (1001) and resolves when they are gone. */
  close(): Promise<void>;
}

/** Who a connection is of, where nobody asked too. */
export interface Comer {
  /** '' when nobody asked. */
  readonly tenant: string;
  /** Infinity: for good. */
  readonly untilMs: number;
  readonly trace: TraceContext | undefined;
}

export const comerOf = ({ tenant = '', untilMs = Number.POSITIVE_INFINITY, trace }: Connection): Comer => ({
  tenant,
  untilMs,
  trace,
});

/** A close reason is a control frame's: 123 bytes at most (RFC 6455, 5.5). Ours are ASCII. */
export const closeReason = (reason: string): string => reason.slice(0, 123);
