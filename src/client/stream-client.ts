// The typed client of one stream, for browsers and Node: connect, send rows within the credit, receive results, end.
// With `resume` the stream outlives its connections: lost ones are replaced, what may be missing is sent again, nothing is
// told twice. Without, every promise says so when the connection is lost, and the caller starts anew.

import { engineError } from '../base/errors.ts';
import type {
  ClientMessage,
  EndMessage,
  FinalizedMessage,
  ForkMessage,
  OptionMap,
  ReadyMessage,
  ResetMessage,
  SnapshotMessage,
  UpdateMessage,
} from '../wire/messages.ts';
import { type Answer, Driver } from './driver.ts';
import type { ClientState, ConnectOptions, Lag } from './options.ts';
import { piecesOf, type RowsInput } from './rows-pieces.ts';

/** `send` calls that may wait for credit at once; a caller who does not await them is told rather than buffered. */
const WAITING_MAX = 256;
/** Room for what an Envelope, or a frame's header, adds to its rows. */
const ENVELOPE_BYTES = 32;

type Command = Extract<ClientMessage, { readonly id: string }>;
type WithoutId<M> = M extends unknown ? Omit<M, 'id'> : never;

export class StreamClient {
  /** What the server said to the first `start`. */
  readonly ready: Promise<ReadyMessage>;
  /** The last word of the stream; rejects when it failed. */
  readonly ended: Promise<EndMessage>;
  #options: ConnectOptions;
  #driver: Driver;
  /** Everything sent goes through here, one after the other. */
  #tail: Promise<unknown>;
  #waiting = 0;
  #nextId = 0;
  /** Commands of several clients of one stream must differ. */
  #idPrefix = `${Math.random().toString(36).slice(2, 8)}-`;

  constructor(url: string, options: ConnectOptions) {
    this.#options = options;
    this.#driver = new Driver(url, options);
    this.ready = this.#driver.ready.promise;
    this.ended = this.#driver.ended.promise;
    this.#tail = this.ready;
    // Both are also read by `send`, `end` and others: nobody has to look at them, so they may reject unseen.
    for (const promise of [this.ready, this.ended]) promise.catch(() => undefined);
  }

  /** Rows sent, kept to be sent, or declared missing so far. */
  get offset(): number {
    return this.#driver.offset;
  }
  get state(): ClientState {
    return this.#driver.state;
  }
  /** What goes on with a resumable stream in another client, once this one has stopped: keep it where `seq` is kept. */
  get token(): string | undefined {
    return this.#driver.token;
  }
  get lag(): Lag {
    return this.#driver.lag;
  }

  /**
   * Sends rows, in as many messages as needed. Resolves when the last one is within the credit and with the socket; of a
   * resumable stream, when it is kept to be sent.
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
    return this.#inTurn(() => this.#driver.gap(rows, why));
  }

  /**
   * Makes the pipeline emit what it holds. Resolves when everything before is answered; the stream goes on.
   * @param id here and below: a name of the caller's own, once a stream, to know the command again in `ready.resume.after`
   */
  finalize(id?: string): Promise<FinalizedMessage> {
    return this.#ask({ type: 'finalize' }, id) as Promise<FinalizedMessage>;
  }

  /** Begins anew from here: state, not offsets. */
  reset(id?: string): Promise<ResetMessage> {
    return this.#ask({ type: 'reset' }, id) as Promise<ResetMessage>;
  }

  /** Other options from here on; those not named stay. Rejects when they need another model or state. */
  update(options: OptionMap, id?: string): Promise<UpdateMessage> {
    return this.#ask({ type: 'update', options }, id) as Promise<UpdateMessage>;
  }

  /** The state at this place. inline: sealed, to be kept here. Otherwise it is stored on the server at once. */
  snapshot(inline = false, id?: string): Promise<SnapshotMessage> {
    return this.#ask({ type: 'snapshot', inline }, id) as Promise<SnapshotMessage>;
  }

  /** A second stream from here: `connect` with its token. Resumable streams only. */
  fork(stream?: string, id?: string): Promise<ForkMessage> {
    return this.#ask({ type: 'fork', ...(stream === undefined ? {} : { stream }) }, id) as Promise<ForkMessage>;
  }

  /** Says that the stream lives although nothing is sent. */
  keepalive(): Promise<void> {
    return this.#inTurn(() => this.#driver.post({ type: 'keepalive' }));
  }

  /** With `confirm: 'manual'`: results before `seq` are safe here, and `token` too. */
  confirm(seq: number): void {
    this.#driver.confirm(seq);
  }

  /** Nothing follows. Resolves with the server's last word, after the last result. */
  end(): Promise<EndMessage> {
    this.#inTurn(() => this.#driver.command({ type: 'close' })).catch(() => undefined);
    return this.ended;
  }

  /** Drops the connection at once, and makes no other. A resumable stream can be gone on with: `token`. */
  abort(): void {
    this.#driver.abort();
  }

  async #sendRows(input: RowsInput): Promise<void> {
    const { limits, credit } = await this.ready;
    const bytesMax = Math.min(limits.max_message - ENVELOPE_BYTES, credit);
    for (const { bytes, rows } of piecesOf(input, this.#options.format, bytesMax)) await this.#driver.rows(bytes, rows);
  }

  async #ask(message: WithoutId<Command>, own: string | undefined): Promise<Answer> {
    const id = own ?? `${this.#idPrefix}${++this.#nextId}`;
    const { answer } = await this.#inTurn(() => {
      const answer = this.#driver.answerTo(id);
      this.#driver.command({ ...message, id } as Command);
      return { answer }; // not awaited in turn: what follows may be sent before it comes
    });
    return answer;
  }

  #inTurn<T>(action: () => T | Promise<T>): Promise<T> {
    const turn = this.#tail.then(() => {
      if (this.#driver.failure) throw this.#driver.failure;
      return action();
    });
    this.#tail = turn.catch(() => undefined);
    return turn;
  }
}

/** Opens a stream. Returns at once: `await client.ready`, or just `await client.send(...)`. */
export function connect(url: string | URL, options: ConnectOptions): StreamClient {
  return new StreamClient(String(url), options);
}
