// The typed client of one stream, for browsers and Node: connect, send rows within the credit, receive results, end.
// Not a reconnecting one: when the connection is lost, every promise says so and the caller starts anew.

import { asEngineError, type EngineError, ERROR_CODES, type ErrorCode, engineError } from '../base/errors.ts';
import { type Codec, PROTOCOL_JSON, PROTOCOL_PB } from '../wire/codec.ts';
import { framedCodec } from '../wire/framed-codec.ts';
import { jsonCodec } from '../wire/json-codec.ts';
import type {
  AckMessage,
  ClientMessage,
  DrainMessage,
  EndMessage,
  ErrorMessage,
  FinalizedMessage,
  FormatMessage,
  Framing,
  GapMessage,
  OptionMap,
  PolicyName,
  ReadyMessage,
  ResetMessage,
  ResultMessage,
  RowsMessage,
  ServerMessage,
} from '../wire/messages.ts';
import type { WebSocketLike } from '../wire/socket-like.ts';
import { type CreditGate, createCreditGate } from './credit-gate.ts';
import { createDeferred, type Deferred } from './deferred.ts';
import { piecesOf, type RowsInput } from './rows-pieces.ts';
import { defaultSocket, type OpenSocket } from './socket.ts';

export interface ConnectOptions {
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
}

/** `send` calls that may wait for credit at once; a caller who does not await them is told rather than buffered. */
const WAITING_MAX = 256;
/** Room for what an Envelope, or a frame's header, adds to its rows. */
const ENVELOPE_BYTES = 32;

export class StreamClient {
  /** What the server said to `start`. */
  readonly ready: Promise<ReadyMessage>;
  /** The last word of the stream; rejects when it failed. */
  readonly ended: Promise<EndMessage>;
  #options: ConnectOptions;
  #ready: Deferred<ReadyMessage> = createDeferred();
  #ended: Deferred<EndMessage> = createDeferred();
  #answers = new Map<string, Deferred<FinalizedMessage | ResetMessage>>();
  #codec: Codec | undefined;
  #socket: WebSocketLike | undefined;
  #gate: CreditGate | undefined;
  #failure: EngineError | undefined;
  /** Everything sent goes through here, one after the other. */
  #tail: Promise<unknown>;
  #waiting = 0;
  #nextId = 0;
  #offset = 0;
  #over = false;

  constructor(url: string, options: ConnectOptions) {
    this.#options = options;
    this.ready = this.#ready.promise;
    this.ended = this.#ended.promise;
    this.#tail = this.ready;
    // Both are also read by `send`, `end` and others: nobody has to look at them, so they may reject unseen.
    for (const promise of [this.ready, this.ended]) promise.catch(() => undefined);
    this.#open(url).catch((cause: unknown) => {
      this.#fail(engineError('ERR_CONNECT_FAILED', 'no connection to the server', { cause }));
    });
  }

  /** Rows sent or declared missing so far. */
  get offset(): number {
    return this.#offset;
  }

  /**
   * Sends rows, in as many messages as needed. Resolves when the last one is within the credit and with the socket.
   * @throws what ended the stream; ERR_CREDIT_OVERRUN when 256 calls wait already: await them
   */
  send(rows: RowsInput): Promise<void> {
    if (this.#waiting >= WAITING_MAX) {
      const detail = { expected: 'await send() before the next call' };
      return Promise.reject(engineError('ERR_CREDIT_OVERRUN', `${WAITING_MAX} sends wait for credit`, detail));
    }
    this.#waiting++;
    return this.#inTurn(() => this.#sendRows(rows)).finally(() => {
      this.#waiting--;
    });
  }

  /** The next `rows` rows will not come. */
  gap(rows: number, why = 'client'): Promise<void> {
    return this.#inTurn(() => {
      this.#post({ type: 'gap', from: this.#offset, to: this.#offset + rows, why });
      this.#offset += rows;
    });
  }

  /** Makes the pipeline emit what it holds. Resolves when everything before is answered; the stream goes on. */
  finalize(): Promise<FinalizedMessage> {
    return this.#ask('finalize') as Promise<FinalizedMessage>;
  }

  /** Begins anew from here: state, not offsets. */
  reset(): Promise<ResetMessage> {
    return this.#ask('reset') as Promise<ResetMessage>;
  }

  /** Says that the stream lives although nothing is sent. */
  keepalive(): Promise<void> {
    return this.#inTurn(() => this.#post({ type: 'keepalive' }));
  }

  /** Nothing follows. Resolves with the server's last word, after the last result. */
  end(): Promise<EndMessage> {
    this.#inTurn(() => this.#post({ type: 'close' })).catch(() => undefined);
    return this.ended;
  }

  /** Drops the connection at once. */
  abort(): void {
    this.#fail(engineError('ERR_CONNECT_FAILED', 'the stream was given up'));
    this.#socket?.close(1000, 'aborted');
  }

  async #open(url: string): Promise<void> {
    const { protocol = 'json', frame, socket = defaultSocket } = this.#options;
    const codec = protocol === 'pb' ? (await import('../wire/pb-codec.ts')).pbCodec : jsonCodec;
    this.#codec = frame === 'framed' ? framedCodec(codec) : codec;
    const made = socket(url, [protocol === 'pb' ? PROTOCOL_PB : PROTOCOL_JSON]);
    // A platform's socket can fail before the next turn (a port it blocks), so nothing is awaited that need not be.
    const opened = made instanceof Promise ? await made : made;
    this.#socket = opened;
    opened.binaryType = 'arraybuffer';
    opened.onopen = () => this.#begin();
    opened.onmessage = ({ data }) => this.#hear(data as string | ArrayBuffer);
    opened.onerror = () => {
      // Followed by a close, except on Node 22 when no connection came about: there the state stays "connecting".
      if (opened.readyState === 0) this.#fail(engineError('ERR_CONNECT_FAILED', 'no connection to the server'));
    };
    opened.onclose = ({ code, reason }) => {
      const said = reason ? `${code} ${reason}` : `${code}`;
      this.#fail(engineError('ERR_CONNECT_FAILED', `the connection closed (${said}) before the stream ended`));
    };
    if (opened.readyState === 1) this.#begin();
    if (opened.readyState >= 2) throw engineError('ERR_CONNECT_FAILED', 'the connection was refused at once');
    if (this.#failure) opened.close(1000, 'aborted');
  }

  #begin(): void {
    const { pipeline, format, frame, options, stream, policy, ackMs } = this.#options;
    this.#socket!.onopen = null;
    this.#post({
      type: 'start',
      v: 1,
      pipeline,
      format,
      ...(stream === undefined ? {} : { stream }),
      ...(frame === undefined ? {} : { frame }),
      ...(policy === undefined ? {} : { policy }),
      ...(ackMs === undefined ? {} : { ack_ms: ackMs }),
      ...(options === undefined ? {} : { options }),
    });
  }

  #hear(data: string | ArrayBuffer): void {
    let message: ServerMessage;
    try {
      message = this.#codec!.decodeServer(typeof data === 'string' ? data : new Uint8Array(data));
    } catch (thrown) {
      return this.#options.onError?.(asEngineError(thrown));
    }
    this.#take(message);
  }

  #take(message: ServerMessage): void {
    const { onResult, onGap, onAck, onDrain } = this.#options;
    switch (message.type) {
      case 'ready':
        this.#gate = createCreditGate(message.credit, message.limits.max_outstanding / 2);
        this.#offset = message.offset;
        return this.#ready.resolve(message);
      case 'ack':
        this.#gate?.acked(message.offset, message.credit);
        return onAck?.(message);
      case 'result':
        return onResult?.(message);
      case 'gap':
        return onGap?.(message);
      case 'finalized':
      case 'reset':
        this.#answers.get(message.id)?.resolve(message);
        return void this.#answers.delete(message.id);
      case 'drain':
        return onDrain?.(message);
      case 'error':
        return message.fatal ? this.#fail(toError(message)) : this.#options.onError?.(toError(message));
      case 'end':
        this.#ended.resolve(message);
        return this.#fail(engineError('ERR_CONNECT_FAILED', 'the stream has ended'));
    }
  }

  async #sendRows(input: RowsInput): Promise<void> {
    const { format, policy = 'block' } = this.#options;
    const { limits, credit } = await this.ready;
    for (const { bytes, rows } of piecesOf(input, format, Math.min(limits.max_message - ENVELOPE_BYTES, credit))) {
      // With a dropping policy the server sheds what is too much, so only the network holds us back.
      if (policy === 'block') await this.#gate!.room(bytes.length);
      else if (this.#socket!.bufferedAmount > 4 * credit) {
        throw engineError('ERR_CREDIT_OVERRUN', 'the network takes less than is sent', {
          expected: 'send less, or gap()',
        });
      }
      this.#post({ type: 'rows', ...this.#place(rows), data: bytes });
      this.#offset += rows;
      if (rows > 0) this.#gate!.sent(this.#offset, bytes.length); // a lone header line moves no offset, so no ack frees it
    }
  }

  /** Where rows lie, in the forms that can say it. */
  #place(count: number): Pick<RowsMessage, 'offset' | 'count'> {
    const { protocol, frame } = this.#options;
    if (frame === 'framed') return { offset: this.#offset, count };
    return protocol === 'pb' ? { offset: this.#offset } : {};
  }

  async #ask(type: 'finalize' | 'reset'): Promise<FinalizedMessage | ResetMessage> {
    const id = `${++this.#nextId}`;
    const answer: Deferred<FinalizedMessage | ResetMessage> = createDeferred();
    await this.#inTurn(() => {
      this.#answers.set(id, answer);
      this.#post({ type, id });
    });
    return answer.promise;
  }

  #inTurn<T>(action: () => T | Promise<T>): Promise<T> {
    const turn = this.#tail.then(() => {
      if (this.#failure) throw this.#failure;
      return action();
    });
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  #post(message: ClientMessage): void {
    this.#socket!.send(this.#codec!.encodeClient(message));
  }

  #fail(error: EngineError): void {
    if (this.#over) return;
    this.#over = true;
    this.#failure = error;
    this.#ready.reject(error);
    this.#ended.reject(error);
    this.#gate?.fail(error);
    for (const answer of this.#answers.values()) answer.reject(error);
    this.#answers.clear();
  }
}

/** Opens a stream. Returns at once: `await client.ready`, or just `await client.send(...)`. */
export function connect(url: string | URL, options: ConnectOptions): StreamClient {
  return new StreamClient(String(url), options);
}

function toError({ code, message, expected }: ErrorMessage): EngineError {
  const known = Object.hasOwn(ERROR_CODES, code);
  const detail = expected === undefined ? {} : { expected };
  return engineError(
    known ? (code as ErrorCode) : 'ERR_CONNECT_FAILED',
    known ? message : `${code}: ${message}`,
    detail,
  );
}
