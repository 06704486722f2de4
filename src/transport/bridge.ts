// The life of one connection: what may come when, what is answered when something is wrong, and how it ends. It never waits,
// and it holds nothing that a limit does not bound. What happens between `ready` and `end`: open-stream.ts.
//   start -> open pipeline, and the kept state if there is one -> ready;  messages -> stream;  close -> end -> 1000

import { asEngineError, type EngineError, engineError } from '../base/errors.ts';
import type { Micros } from '../base/units.ts';
import { declaredBy } from '../operator/make-stage.ts';
import type { Codec, Frame } from '../wire/codec.ts';
import type { ClientMessage, StartMessage } from '../wire/messages.ts';
import type { BridgeContext } from './bridge-context.ts';
import { type CreditLedger, createCreditLedger } from './credit-ledger.ts';
import type { Keeper } from './keeper.ts';
import { checkSize } from './limits.ts';
import { Line } from './line.ts';
import { type OpenedState, openState } from './open-state.ts';
import { OpenStream } from './open-stream.ts';
import { readyMessage } from './ready-message.ts';
import type { Connection } from './transport.ts';

/** For what was accepted to be answered, or stored, once a token has expired: as long as a drain takes. */
const EXPIRED_MS_MAX = 8000;
const TOO_LATE = 'the server could wait no longer';

type Phase = 'waiting' | 'opening' | 'open' | 'ending' | 'closed';

export class Bridge {
  #phase: Phase = 'waiting';
  #line: Line;
  #context: BridgeContext;
  #stream: OpenStream | undefined;
  /** What came between `start` and `ready`. */
  #early: { readonly message: ClientMessage; readonly bytes: number }[] = [];
  #ledger: CreditLedger | undefined;
  /** Read, but not yet taken: no more than one read of the socket. */
  #unheard: Frame[] = [];
  #heardAt: Micros;
  #closeCode = 1000;
  #deadline = Infinity;
  /** Its token has expired: what is said if it does not end in time. */
  #expired: EngineError | undefined;
  /** What ended the stream before its client did. */
  #cutShort: EngineError | undefined;
  /** Resolves when the last state is stored. */
  #gone: Promise<void> = Promise.resolve();

  constructor(connection: Connection, codec: Codec, context: BridgeContext) {
    this.#line = new Line(connection, codec);
    this.#context = context;
    this.#heardAt = context.clock.now();
    connection.messages$.subscribe({ next: (frame) => this.#hear(frame), complete: () => this.#dispose() });
    for (const message of this.#line.opening) this.#take(message, 0);
  }

  /** Call every TICK_MS: acks, timeouts, and going on after a slow reader. */
  tick(): void {
    const { clock, limits } = this.#context;
    const now = clock.now();
    const silentMs = (now - this.#heardAt) / 1000;
    if (now > this.#deadline) return void this.fail(this.#expired ?? engineError('ERR_DRAINING', TOO_LATE));
    if (this.#context.states.nowMs() > this.#context.untilMs) this.#expire(now);
    if (this.#phase === 'waiting' && silentMs > limits.startMsMax) {
      const expected = `start within ${limits.startMsMax} ms`;
      return void this.fail(engineError('ERR_START_MISSING', 'no start came', { expected }));
    }
    if (this.#phase !== 'open' && this.#phase !== 'ending') return;
    this.#stream!.tick(now);
    this.#catchUp();
    if (silentMs > limits.idleMsMax && this.#ledger!.messages === 0) {
      const expected = `a message, or keepalive, every ${limits.idleMsMax} ms`;
      void this.fail(engineError('ERR_IDLE', 'nothing came for too long', { expected }));
    }
  }

  /**
   * Takes nothing more. An ordinary stream is answered to its end, then closed with 1001; a resumable one is stored and
   * told where to go on, then closed with 1012. @param url where; absent: the same address
   */
  drain(deadlineMs: number, url?: string): void {
    if (this.#phase === 'closed') return;
    if (this.#phase === 'waiting' || this.#phase === 'opening') {
      return void this.fail(engineError('ERR_DRAINING', 'the server is going down'));
    }
    this.#deadline = this.#context.clock.now() + deadlineMs * 1000;
    if (this.#stream!.record) {
      return void this.#store(({ token }) => {
        this.#line.send({ type: 'drain', deadline_ms: deadlineMs, token, ...(url === undefined ? {} : { url }) });
        this.#line.close(1012, 'drain');
        this.#dispose();
      });
    }
    if (!this.#cutShort) this.#closeCode = 1001;
    this.#line.send({ type: 'drain', deadline_ms: deadlineMs });
    this.#takeNoMore();
  }

  /** Says why, then closes. Resolves when the last state of a resumable stream is stored. */
  fail(error: EngineError): Promise<void> {
    if (this.#phase === 'closed') return this.#gone;
    this.#line.fail(error);
    this.#dispose(error);
    return this.#gone;
  }

  #hear(frame: Frame): void {
    if (this.#phase === 'closed') return;
    this.#heardAt = this.#context.clock.now();
    if (this.#unheard.length > 0 || !this.#hasRoom()) {
      this.#unheard.push(frame);
      this.#line.listen(false);
    } else this.#understand(frame);
  }

  #understand(frame: Frame): void {
    if (this.#phase === 'closed') return;
    try {
      checkSize(frame.bytes, this.#context.limits);
      for (const message of this.#line.hear(frame)) this.#take(message, frame.bytes.length);
    } catch (thrown) {
      this.#report(asEngineError(thrown));
    }
  }

  /**
   * Who knows no credit is heard within half of it, and while our answers are taken: beyond that no more is read, and what has
   * been read waits.
   */
  #hasRoom(): boolean {
    if (this.#line.knowsCredit) return true;
    return (this.#ledger?.hasRoom ?? true) && this.#line.backlogBytes <= this.#context.limits.backlogBytesMax;
  }

  #catchUp(): void {
    if (this.#unheard.length === 0) return;
    let heard = 0;
    while (heard < this.#unheard.length && this.#hasRoom()) this.#understand(this.#unheard[heard++]!);
    this.#unheard.splice(0, heard);
    if (this.#unheard.length === 0) this.#line.listen(true);
  }

  #take(message: ClientMessage, bytes: number): void {
    if (message.type === 'start') return this.#open(message);
    if (this.#phase === 'waiting') {
      throw engineError('ERR_START_MISSING', `${message.type} came before start`, { expected: 'start first' });
    }
    if (message.type === 'keepalive') return;
    // What a resumable stream's client confirms also counts when nothing else may come any longer.
    if (this.#phase === 'ending' && message.type !== 'received') return;
    this.#ledger!.admit(bytes);
    if (this.#phase === 'opening') {
      this.#ledger!.hold(bytes);
      this.#early.push({ message, bytes });
    } else this.#pass(message, bytes);
  }

  #pass(message: ClientMessage, bytes: number): void {
    if (message.type === 'close') this.#phase = 'ending';
    this.#stream!.take(message, bytes);
  }

  #open(start: StartMessage): void {
    if (this.#phase !== 'waiting') {
      throw engineError('ERR_TYPE_UNKNOWN', 'a second start', { expected: 'one stream per connection' });
    }
    this.#phase = 'opening';
    if (start.frame === 'framed') this.#line.frame();
    this.#ledger = createCreditLedger(this.#context.limits, (start.policy ?? 'block') === 'block');
    openState(start, this.#context)
      .then((opened) => this.#begin(start, opened))
      .catch((thrown: unknown) => this.fail(asEngineError(thrown)));
  }

  async #begin(start: StartMessage, opened: OpenedState): Promise<void> {
    if (this.#isClosed()) return;
    const { id, limits } = this.#context;
    const stream = this.#openStream(start, opened);
    const { loaded } = opened;
    if (stream.record) {
      this.#context.states.own(stream.record.keeper.key, this.#evict);
      await stream.save(); // before the client hears of its ticket
      if (this.#isClosed()) return;
    }
    this.#phase = 'open';
    const source = { rateHz: start.format.rate ?? 0, width: stream.width };
    const framed = start.frame === 'framed' ? declaredBy(loaded.connect(source)) : undefined;
    this.#line.send(readyMessage(id, stream.session, loaded, limits, framed, stream.record));
    stream.repeat();
    if (opened.kept?.ended) return this.#finish();
    for (const { message, bytes } of this.#early.splice(0)) {
      this.#ledger!.release(bytes);
      this.#attempt(message, bytes);
    }
  }

  #openStream(start: StartMessage, opened: OpenedState): OpenStream {
    const owner = {
      line: this.#line,
      context: this.#context,
      start,
      ledger: this.#ledger!,
      heardAt: () => this.#heardAt,
      report: (error: EngineError) => this.#report(error),
      fail: (error: EngineError) => void this.fail(error),
      finished: () => this.#finish(),
    };
    this.#stream = new OpenStream(owner, opened, this.#heardAt);
    return this.#stream;
  }

  /** What goes wrong is told, and ends the stream or not as its code says. */
  #attempt(message: ClientMessage, bytes: number): void {
    if (this.#phase !== 'open') return;
    try {
      this.#pass(message, bytes);
    } catch (thrown) {
      this.#report(asEngineError(thrown));
    }
  }

  /**
   * The token that it came in with has run out, so nothing more is taken. An ordinary stream is told, answered to its end and
   * closed; a resumable one is stored first, so that who comes back at once with a fresh token finds its last state. One that
   * is ending already may end, and one that is being opened holds rows that are to be answered.
   */
  #expire(now: Micros): void {
    if (this.#expired || this.#phase === 'opening') return;
    const expected = 'a fresh token; a resumable stream goes on with it';
    const error = engineError('ERR_TOKEN_EXPIRED', 'the token of this connection has expired', { expected });
    this.#expired = error;
    if (this.#phase === 'waiting') return void this.fail(error);
    this.#deadline = Math.min(this.#deadline, now + EXPIRED_MS_MAX * 1000);
    if (this.#phase !== 'open') return;
    if (this.#stream!.record) return void this.#store(() => void this.fail(error));
    this.#cutShort = error;
    this.#closeCode = error.closeCode;
    this.#line.error(error, false);
    this.#takeNoMore();
  }

  /** The end comes when all is answered. */
  #takeNoMore(): void {
    if (this.#phase === 'open') this.#stream!.end();
    this.#phase = 'ending';
  }

  async #store(then: (keeper: Keeper) => void): Promise<void> {
    this.#phase = 'ending';
    const stream = this.#stream!;
    await stream.save().catch(() => undefined); // the state before stands
    then(stream.record!.keeper);
  }

  /** The stream is resumed elsewhere: this side stores what it has and is fenced off. */
  #evict = (): Promise<void> => this.fail(engineError('ERR_STATE_FENCED', 'the stream was resumed elsewhere'));

  #finish(): void {
    if (this.#phase === 'closed') return;
    this.#stream!.sayEnd();
    this.#line.close(this.#closeCode, this.#cutShort?.code ?? 'end');
    this.#dispose(this.#cutShort);
  }

  #report(error: EngineError): void {
    if (error.scope !== 'chunk') return void this.fail(error);
    // Someone who sends nonsense and reads nothing must not fill the socket's buffer with our answers.
    if (this.#line.backlogBytes <= this.#context.limits.backlogBytesMax) this.#line.error(error, false);
  }

  /** A method, since the phase changes while one waits. */
  #isClosed(): boolean {
    return this.#phase === 'closed';
  }

  #dispose(error?: EngineError): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#line.drop();
    const { states } = this.#context;
    const key = this.#stream?.record?.keeper.key;
    this.#gone = (this.#stream?.close() ?? Promise.resolve()).then(() => {
      if (key !== undefined) states.disown(key, this.#evict);
    });
    this.#context.closed(this.#gone, error);
  }
}
