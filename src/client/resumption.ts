// The resumable side of a client: which connection it is on, when it makes the next, what it has had and what it tells the
// server of that. It decides; driver.ts does. An ordinary stream has none of this.

import { type EngineError, engineError } from '../base/errors.ts';
import type { GapMessage, ReadyMessage, ResultMessage, ResumeRequest } from '../wire/messages.ts';
import { createBackoff, isWorthATry } from './backoff.ts';
import { canRenew } from './credentials.ts';
import type { ConnectOptions } from './options.ts';
import { Outbox } from './outbox.ts';

/** The driver, as its resumption sees it. */
export interface ResumptionOwner {
  /** Makes another connection. */
  reconnect(): void;
  /** The connection there is does not answer. */
  giveUpLink(): void;
  /** Something was sent to which an answer must come. */
  isWaiting(): boolean;
  keepAlive(): void;
}

const BUFFER_BYTES_MAX = 8_388_608;
const STALL_MS = 10_000;
const RETRY_MS = 120_000;
/** Connections given up one after the other are waited for longer: perhaps it is the server that is slow. */
const STALL_FACTOR_MAX = 8;
const WATCH_MS = 1000;

export class Resumption {
  readonly outbox: Outbox;
  #asked: ResumeRequest;
  #owner: ResumptionOwner;
  #backoff: ReturnType<typeof createBackoff>;
  #canRenew: boolean;
  #stallMs: number;
  #retryMs: number;
  #token: string | undefined;
  /** Number of the next result. */
  #seq: number;
  #gapTo = 0;
  /** Results before this number are safe here. */
  #safe: number;
  #confirmed = -1;
  #readyAt: number | undefined;
  #heardAt = performance.now();
  #postedAt = this.#heardAt;
  #troubleSince: number | undefined = this.#heardAt;
  #idleMs = Number.POSITIVE_INFINITY;
  #stallFactor = 1;
  /** Internal faults of the server since a result came. */
  #faults = 0;
  #waiting: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setInterval>;

  constructor(options: ConnectOptions, owner: ResumptionOwner) {
    const { bufferBytesMax = BUFFER_BYTES_MAX, overflow = 'wait', confirm = 'auto', format, random } = options;
    const { stallMs = STALL_MS, retryMs = RETRY_MS } = options;
    this.#asked = typeof options.resume === 'object' ? options.resume : {};
    this.#owner = owner;
    this.#backoff = createBackoff(random);
    this.#canRenew = canRenew(options);
    this.#stallMs = stallMs;
    this.#retryMs = retryMs;
    this.#token = this.#asked.token;
    this.#seq = this.#asked.seq ?? 0;
    this.#safe = confirm === 'auto' ? Number.POSITIVE_INFINITY : this.#seq;
    this.outbox = new Outbox({ bytesMax: bufferBytesMax, overflow, format });
    this.#watch = setInterval(() => this.#look(), Math.min(WATCH_MS, stallMs / 4));
  }

  get token(): string | undefined {
    return this.#token;
  }
  /** For `start`. */
  request(): ResumeRequest {
    return this.#token === undefined ? this.#asked : { token: this.#token, seq: this.#seq };
  }

  /** A connection is being made. */
  begun(): void {
    this.#heardAt = performance.now();
    this.#readyAt = undefined;
  }
  /** @throws ERR_STATE_GONE when the server wants rows that are no longer here */
  ready(message: ReadyMessage): void {
    this.#token = message.resume?.token;
    this.#seq = Math.max(this.#seq, message.seq);
    this.#idleMs = message.limits.idle_ms;
    this.outbox.rewind(message.offset, message.resume?.after);
    this.#readyAt = performance.now();
    this.#troubleSince = undefined;
    this.#confirmed = -1;
  }
  /** Anything came. */
  heard(): void {
    this.#heardAt = performance.now();
  }
  /** Anything went out. */
  posted(): void {
    this.#postedAt = performance.now();
  }

  /** False: it was here before. */
  isNewResult(message: ResultMessage): boolean {
    this.#stallFactor = 1;
    if (message.seq < this.#seq) return false;
    this.#seq = message.seq + 1;
    this.#faults = 0;
    return true;
  }
  /** What of the gap is new. */
  newPart(message: GapMessage): GapMessage | undefined {
    if (message.to <= this.#gapTo) return undefined;
    const from = Math.max(message.from, this.#gapTo);
    this.#gapTo = message.to;
    return { ...message, from };
  }

  /** The number for `received`, when there is news. */
  toConfirm(): number | undefined {
    const seq = Math.min(this.#seq, this.#safe);
    if (seq === this.#confirmed) return undefined;
    this.#confirmed = seq;
    return seq;
  }
  confirm(seq: number): void {
    if (Number.isFinite(this.#safe)) this.#safe = Math.max(this.#safe, seq);
  }

  /** The connection is gone. @returns why there is no other; undefined: there will be one */
  lost(error: EngineError, code: number): EngineError | undefined {
    const now = performance.now();
    if (this.#readyAt !== undefined) this.#backoff.stood(now - this.#readyAt);
    this.#readyAt = undefined;
    this.#troubleSince ??= now;
    if (!isWorthATry(code, this.#canRenew) || (code === 1011 && ++this.#faults > 1)) return error;
    if (now - this.#troubleSince > this.#retryMs) {
      const what = `no connection for ${this.#retryMs} ms: ${error.message}`;
      return engineError('ERR_CONNECT_FAILED', what, { cause: error });
    }
    this.#waiting = setTimeout(() => {
      this.#waiting = undefined;
      this.#owner.reconnect();
    }, this.#backoff.next());
    return undefined;
  }

  over(): void {
    clearInterval(this.#watch);
    clearTimeout(this.#waiting);
  }

  #look(): void {
    if (this.#waiting !== undefined) return;
    const now = performance.now();
    const isReady = this.#readyAt !== undefined;
    if (isReady && now - this.#postedAt > this.#idleMs / 3) this.#owner.keepAlive();
    if (now - this.#heardAt < this.#stallMs * this.#stallFactor || (isReady && !this.#owner.isWaiting())) return;
    this.#stallFactor = Math.min(2 * this.#stallFactor, STALL_FACTOR_MAX);
    this.#owner.giveUpLink();
  }
}
