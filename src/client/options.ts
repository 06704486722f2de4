// What `connect` takes: the stream, how it travels, what is told to whom, and, for a resumable stream, what is kept and how
// long is tried. Everything has a default but pipeline and format.

import type { EngineError } from '../base/errors.ts';
import type {
  AckMessage,
  DrainMessage,
  FormatMessage,
  Framing,
  GapMessage,
  OptionMap,
  PolicyName,
  ReadyMessage,
  ResultMessage,
  ResumeRequest,
} from '../wire/messages.ts';
import type { Credentials } from './credentials.ts';
import type { OpenSocket } from './socket.ts';

/** connecting: for the first time. lost: between two connections. ended: the last word came. failed: it never will. */
export type ClientState = 'connecting' | 'open' | 'lost' | 'ended' | 'failed';

/** What is between a client and its server. Rows are of this client's own grid. */
export interface Lag {
  /** Rows sent or declared, and not yet in the server's state. */
  readonly rows: number;
  /** Rows whose state is not stored: what a resumable stream would send again. */
  readonly undurableRows: number;
  /** Bytes kept to be sent, for the first time or again; 0 for an ordinary stream. */
  readonly bufferedBytes: number;
  /** What the server said last: the worst time from arrival to result. */
  readonly serverMs: number;
}

export interface ConnectOptions extends Credentials {
  readonly pipeline: string;
  readonly format: FormatMessage;
  readonly options?: OptionMap;
  /** A name for the server's logs. */
  readonly stream?: string;
  readonly policy?: PolicyName;
  readonly ackMs?: number;
  /** Default json. pb is smaller, but protobufjs compiles its encoders: a page with a strict CSP stays with json. */
  readonly protocol?: 'json' | 'pb';
  /** framed: a header of 24 bytes before rows, detections and audio instead of text. Default raw. */
  readonly frame?: Framing;
  /** Default: the platform's WebSocket, or `ws` on Node 20. */
  readonly socket?: OpenSocket;
  readonly onResult?: (message: ResultMessage) => void;
  readonly onGap?: (message: GapMessage) => void;
  readonly onAck?: (message: AckMessage) => void;
  /** The stream goes on. What ends it rejects `ready`, `ended` and whatever waits. */
  readonly onError?: (error: EngineError) => void;
  readonly onDrain?: (message: DrainMessage) => void;
  readonly onState?: (state: ClientState) => void;
  /** Of every connection: the promise `ready` is the first one's. */
  readonly onReady?: (message: ReadyMessage) => void;

  /** true: the stream outlives its connection, and this client connects again by itself. A token or a state: goes on with one. */
  readonly resume?: true | ResumeRequest;
  /** resume: bytes of input kept until the server has stored its state. Default 8 MiB. */
  readonly bufferBytesMax?: number;
  /** resume: when it is full. wait (default): `send` waits. gap: the oldest input that was not sent is declared missing. */
  readonly overflow?: 'wait' | 'gap';
  /** resume: auto (default): a result is safe once `onResult` has returned. manual: once `confirm(seq)` says so. */
  readonly confirm?: 'auto' | 'manual';
  /** resume: silence after which a connection that owes an answer is given up. Default 10 s. */
  readonly stallMs?: number;
  /** resume: how long without a connection before the stream fails. Default 2 min. */
  readonly retryMs?: number;
  /** resume: for the jitter of the waits; for tests. */
  readonly random?: () => number;
}
