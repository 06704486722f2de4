// What a client does with its connections: says `start`, takes what comes, sends what is to be sent, and, when a resumable
// stream's connection is lost, goes on with the next. The promises and checks around it: stream-client.ts.

import { type EngineError, engineError } from '../base/errors.ts';
import type {
  AckMessage,
  ClientMessage,
  EndMessage,
  ErrorMessage,
  FinalizedMessage,
  ForkMessage,
  ReadyMessage,
  ResetMessage,
  ResultMessage,
  ServerMessage,
  SnapshotMessage,
  UpdateMessage,
} from '../wire/messages.ts';
import { type CreditGate, createCreditGate } from './credit-gate.ts';
import { createDeferred, type Deferred } from './deferred.ts';
import { Link } from './link.ts';
import type { ClientState, ConnectOptions, Lag } from './options.ts';
import { Resumption } from './resumption.ts';
import { gapsOf, placeOf } from './rows-pieces.ts';
import { closeCodeOf, toError } from './server-error.ts';

/** Results after which the server is told, whatever the acks. */
const CONFIRM_EVERY = 256;

export type Answer = FinalizedMessage | ResetMessage | SnapshotMessage | ForkMessage | UpdateMessage;

export class Driver {
  readonly ready: Deferred<ReadyMessage> = createDeferred();
  readonly ended: Deferred<EndMessage> = createDeferred();
  #url: string;
  #options: ConnectOptions;
  #answers = new Map<string, Deferred<Answer>>();
  #link: Link | undefined;
  #gate: CreditGate | undefined;
  #resumption: Resumption | undefined;
  #state: ClientState = 'connecting';
  #failure: EngineError | undefined;
  #offset = 0;
  #acked = { offset: 0, durable: 0, ms: 0 };
  #closing = false;
  /** By `ready`. */
  #granted = { credit: 0, gapRowsMax: Number.POSITIVE_INFINITY };

  constructor(url: string, options: ConnectOptions) {
    this.#url = url;
    this.#options = options;
    if (options.resume) this.#resumption = this.#makeResumption();
    this.#connect();
  }

  get offset(): number {
    return this.#offset;
  }
  get state(): ClientState {
    return this.#state;
  }
  /** What ended the stream, well or not. */
  get failure(): EngineError | undefined {
    return this.#failure;
  }
  get token(): string | undefined {
    return this.#resumption?.token;
  }
  get lag(): Lag {
    const { offset, durable, ms } = this.#acked;
    const bufferedBytes = this.#resumption?.outbox.bytes ?? 0;
    return { rows: this.#offset - offset, undurableRows: this.#offset - durable, bufferedBytes, serverMs: ms };
  }

  /** Resolves when the rows are with the socket or, of a resumable stream, kept to be sent. After `ready`. */
  async rows(bytes: Uint8Array, rows: number): Promise<void> {
    const { policy = 'block' } = this.#options;
    const outbox = this.#resumption?.outbox;
    if (outbox) {
      await outbox.room(bytes.length);
      if (rows > 0) outbox.addRows(rows, bytes); // a lone header line need not come again: start says the fields
      this.#offset = outbox.offset;
      return this.#flow();
    }
    // With a dropping policy the server sheds what is too much, so only the network holds us back.
    if (policy === 'block') await this.#gate!.room(bytes.length);
    else if (this.#link!.bufferedAmount > 4 * this.#granted.credit) {
      throw engineError('ERR_CREDIT_OVERRUN', 'the network takes less than is sent', {
        expected: 'send less, or gap()',
      });
    }
    this.post({ type: 'rows', ...placeOf(this.#options, this.#offset, rows), data: bytes });
    this.#offset += rows;
    if (rows > 0) this.#gate!.sent(this.#offset, bytes.length); // a lone header line moves no offset, so no ack frees it
  }

  gap(rows: number, why: string): void {
    const from = this.#offset;
    this.#offset += rows;
    if (this.#resumption) {
      this.#resumption.outbox.addGap(rows, why);
      return this.#flow();
    }
    for (const gap of gapsOf({ from, to: this.#offset, why }, this.#granted.gapRowsMax)) this.post(gap);
  }

  /** In its place behind the rows before it. */
  command(message: ClientMessage): void {
    this.#closing ||= message.type === 'close';
    if (!this.#resumption) return this.post(message);
    this.#resumption.outbox.addCommand(message);
    this.#flow();
  }

  /** The answer to the command of this id. */
  answerTo(id: string): Promise<Answer> {
    const answer: Deferred<Answer> = createDeferred();
    this.#answers.set(id, answer);
    return answer.promise;
  }

  confirm(seq: number): void {
    this.#resumption?.confirm(seq);
    this.#confirm();
  }

  post(message: ClientMessage): void {
    this.#link?.post(message);
    this.#resumption?.posted();
  }

  abort(): void {
    this.#fail(engineError('ERR_CONNECT_FAILED', 'the stream was given up'));
    this.#link?.drop();
  }

  #makeResumption(): Resumption {
    return new Resumption(this.#options, {
      reconnect: () => this.#connect(),
      giveUpLink: () => {
        this.#link?.drop();
        this.#lost(engineError('ERR_CONNECT_FAILED', 'the connection did not answer'), 0);
      },
      isWaiting: () => this.#closing || this.#answers.size > 0 || (this.#gate?.outstanding ?? 0) > 0,
      keepAlive: () => this.post({ type: 'keepalive' }),
    });
  }

  #connect(): void {
    this.#resumption?.begun();
    this.#link = new Link(this.#url, this.#options, {
      opened: () => this.#start(),
      heard: (message) => this.#take(message),
      unreadable: (error) => this.#options.onError?.(error),
      lost: (error, code) => this.#lost(error, code),
    });
  }

  #start(): void {
    const { pipeline, format, frame, options, stream, policy, ackMs } = this.#options;
    this.post({
      type: 'start',
      v: 1,
      pipeline,
      format,
      ...(stream === undefined ? {} : { stream }),
      ...(frame === undefined ? {} : { frame }),
      ...(policy === undefined ? {} : { policy }),
      ...(ackMs === undefined ? {} : { ack_ms: ackMs }),
      ...(options === undefined ? {} : { options }),
      ...(this.#resumption ? { resume: this.#resumption.request() } : {}),
    });
  }
  #take(message: ServerMessage): void {
    this.#resumption?.heard();
    const { onGap, onDrain, onError } = this.#options;
    switch (message.type) {
      case 'ready':
        return this.#begin(message);
      case 'ack':
        return this.#takeAck(message);
      case 'result':
        return this.#takeResult(message);
      case 'gap': {
        const gap = this.#resumption ? this.#resumption.newPart(message) : message;
        return gap && onGap?.(gap);
      }
      case 'drain':
        if (message.url !== undefined && this.#resumption) this.#url = message.url;
        return onDrain?.(message);
      case 'error':
        return message.fatal ? this.#takeFatal(message) : onError?.(toError(message));
      case 'end':
        this.ended.resolve(message);
        this.#resumption?.over();
        this.#setState('ended');
        return this.#fail(engineError('ERR_CONNECT_FAILED', 'the stream has ended'));
      default:
        this.#answers.get(message.id)?.resolve(message);
        this.#answers.delete(message.id);
    }
  }

  #begin(message: ReadyMessage): void {
    this.#granted = { credit: message.credit, gapRowsMax: message.limits.max_gap };
    this.#gate = createCreditGate(message.credit, message.limits.max_outstanding / 2);
    if (this.#resumption) {
      try {
        this.#resumption.ready(message);
      } catch (thrown) {
        this.#link?.drop();
        return this.#fail(thrown as EngineError);
      }
      this.#offset = this.#resumption.outbox.offset;
    } else this.#offset = message.offset;
    this.#acked = { offset: message.offset, durable: message.offset, ms: 0 };
    this.#setState('open');
    this.ready.resolve(message);
    this.#options.onReady?.(message);
    this.#confirm();
    this.#flow();
  }

  #takeAck(message: AckMessage): void {
    const { offset, credit, lag_ms: ms, durable = 0 } = message;
    this.#acked = { offset, durable, ms };
    this.#gate?.acked(offset, credit);
    this.#resumption?.outbox.stored(durable);
    this.#confirm();
    this.#flow();
    this.#options.onAck?.(message);
  }

  #takeResult(message: ResultMessage): void {
    if (this.#resumption && !this.#resumption.isNewResult(message)) return;
    this.#options.onResult?.(message);
    if (message.seq % CONFIRM_EVERY === 0) this.#confirm();
  }

  /** What is worth another try is one more lost connection; the close that follows is not waited for. */
  #takeFatal(message: ErrorMessage): void {
    const error = toError(message);
    if (!this.#resumption) return this.#fail(error);
    this.#link?.drop();
    this.#lost(error, closeCodeOf(message));
  }

  #lost(error: EngineError, code: number): void {
    if (this.#failure) return;
    const failure = this.#resumption ? this.#resumption.lost(error, code) : error;
    if (failure) return this.#fail(failure);
    this.#gate = undefined;
    this.#setState('lost');
  }

  /** A resumable stream's: sends what is kept, as far as the credit goes. */
  #flow(): void {
    const gate = this.#gate;
    if (!this.#resumption || !gate || this.#state !== 'open') return;
    const { outbox } = this.#resumption;
    for (let entry = outbox.next(); entry; entry = outbox.next()) {
      const { from } = entry;
      if (entry.kind === 'command') this.post(entry.message);
      else if (!entry.bytes) for (const gap of gapsOf(entry, this.#granted.gapRowsMax)) this.post(gap);
      else {
        if (!gate.fits(entry.bytes.length)) return;
        this.post({ type: 'rows', ...placeOf(this.#options, from, entry.to - from), data: entry.bytes });
        gate.sent(entry.to, entry.bytes.length);
      }
      outbox.sent();
    }
  }

  #confirm(): void {
    const seq = this.#state === 'open' ? this.#resumption?.toConfirm() : undefined;
    if (seq !== undefined) this.post({ type: 'received', seq });
  }

  #setState(state: ClientState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onState?.(state);
  }

  #fail(error: EngineError): void {
    if (this.#failure) return;
    this.#failure = error;
    if (this.#state !== 'ended') this.#setState('failed');
    this.#resumption?.over();
    this.#resumption?.outbox.fail(error);
    this.ready.reject(error);
    this.ended.reject(error);
    this.#gate?.fail(error);
    for (const answer of this.#answers.values()) answer.reject(error);
    this.#answers.clear();
  }
}
