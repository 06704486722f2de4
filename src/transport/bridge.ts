// One connection and its stream: the only place where messages meet a session. It decodes, pushes, and sends what comes
// out; work is done by the pump, time is told by `tick`. It never waits, and it holds nothing that a limit does not bound.
//   start -> open pipeline -> ready;  rows, gap -> session;  finalize, reset -> marks;  close -> end mark -> end -> 1000

import { assert } from '../base/assert.ts';
import { asEngineError, type EngineError, engineError } from '../base/errors.ts';
import { type Clock, type Micros, streamId } from '../base/units.ts';
import type { Mark } from '../item/item.ts';
import type { LoadedPipeline } from '../pipeline/connect.ts';
import { type Output, Session } from '../session/session.ts';
import type { Codec, Frame } from '../wire/codec.ts';
import type { ClientMessage, ServerMessage, StartMessage } from '../wire/messages.ts';
import { toResultMessage } from '../wire/result-message.ts';
import { rowWidth } from '../wire/row-builder.ts';
import { rowBytesMin } from '../wire/rows.ts';
import { type CreditLedger, createCreditLedger } from './credit-ledger.ts';
import { ACK_MS_DEFAULT, checkSize, type StreamLimits } from './limits.ts';
import { readyMessage } from './ready-message.ts';
import { nonFiniteRows, takeGap, takeRows } from './take-rows.ts';
import { type Connection, closeReason } from './transport.ts';
import { watchMarks } from './watch-marks.ts';

export type OpenPipeline = (name: string, options: Readonly<Record<string, unknown>>) => Promise<LoadedPipeline>;

export interface BridgeContext {
  readonly id: string;
  readonly openPipeline: OpenPipeline;
  readonly clock: Clock;
  readonly limits: StreamLimits;
  /** This stream's session may have work. */
  wake(session: Session, bridge: Bridge): void;
  /** Its session is to be left alone: for good, or until `wake`. */
  rest(session: Session): void;
  /** Microseconds from the arrival of a chunk to the socket taking a result of it. */
  readonly observe?: ((us: number) => void) | undefined;
  /** Called once. `error` is absent after `end` and when the client just went. */
  closed(bridge: Bridge, error?: EngineError): void;
}

type Phase = 'waiting' | 'opening' | 'open' | 'ending' | 'closed';

export class Bridge {
  #phase: Phase = 'waiting';
  #connection: Connection;
  #codec: Codec;
  #context: BridgeContext;
  #session: Session | undefined;
  #start: StartMessage | undefined;
  /** What came between `start` and `ready`. */
  #early: { readonly message: ClientMessage; readonly bytes: number }[] = [];
  #ledger: CreditLedger | undefined;
  #marks: { readonly what: Mark['what']; readonly id: string; readonly bytes: number }[] = [];
  #resting = false;
  #ackedOffset = 0;
  #lagUs = 0;
  #results = 0;
  #faultRows = 0;
  #ackAt: Micros;
  #heardAt: Micros;
  #closeCode = 1000;
  #deadline = Infinity;

  constructor(connection: Connection, codec: Codec, context: BridgeContext) {
    this.#connection = connection;
    this.#codec = codec;
    this.#context = context;
    this.#ackAt = this.#heardAt = context.clock.now();
    connection.messages$.subscribe({ next: (frame) => this.#hear(frame), complete: () => this.#dispose() });
  }

  /** Call every TICK_MS: acks, timeouts, and going on after a slow reader. */
  tick(): void {
    const { clock, limits } = this.#context;
    const now = clock.now();
    const silentMs = (now - this.#heardAt) / 1000;
    if (now > this.#deadline) return this.fail(engineError('ERR_DRAINING', 'the server could wait no longer'));
    if (this.#phase === 'waiting' && silentMs > limits.startMsMax) {
      const expected = `start within ${limits.startMsMax} ms`;
      return this.fail(engineError('ERR_START_MISSING', 'no start came', { expected }));
    }
    if (!this.#session) return;
    if (this.#resting && this.#connection.backlogBytes <= limits.backlogBytesMax / 2) this.#wake();
    this.#ledger!.consume(this.#session.offset);
    if (now - this.#ackAt >= (this.#start?.ack_ms ?? ACK_MS_DEFAULT) * 1000) this.#ack();
    if (silentMs > limits.idleMsMax && this.#ledger!.messages === 0) {
      const expected = `a message, or keepalive, every ${limits.idleMsMax} ms`;
      this.fail(engineError('ERR_IDLE', 'nothing came for too long', { expected }));
    }
  }

  /** Call after each of the pump's turns on this stream. */
  afterTurn(): void {
    if (this.#phase === 'closed' || !this.#session) return;
    if (this.#session.ended) return this.#finish();
    if (this.#connection.backlogBytes > this.#context.limits.backlogBytesMax) {
      this.#resting = true;
      this.#context.rest(this.#session);
    }
    this.#ledger!.consume(this.#session.offset);
    if (this.#ledger!.ackableBytes >= this.#context.limits.creditBytes / 2) this.#ack();
  }

  /** Takes nothing more, answers what was taken, then closes with 1001. */
  drain(deadlineMs: number): void {
    if (this.#phase === 'closed') return;
    if (!this.#session) return this.fail(engineError('ERR_DRAINING', 'the server is going down'));
    this.#deadline = this.#context.clock.now() + deadlineMs * 1000;
    this.#closeCode = 1001;
    this.#send({ type: 'drain', deadline_ms: deadlineMs });
    if (this.#phase === 'open') this.#mark('end', '', 0);
    this.#phase = 'ending';
  }

  /** Says why, then closes. */
  fail(error: EngineError): void {
    if (this.#phase === 'closed') return;
    this.#sendError(error, true);
    this.#connection.close(error.closeCode || 1011, closeReason(error.code));
    this.#dispose(error);
  }

  #hear(frame: Frame): void {
    if (this.#phase === 'closed') return;
    this.#heardAt = this.#context.clock.now();
    if (frame.bytes.length === 0 && !frame.text) return;
    this.#attempt(() => {
      checkSize(frame.bytes, this.#context.limits);
      this.#take(this.#codec.decodeClient(frame), frame.bytes.length);
    });
  }

  /** Does what a message asks; what goes wrong is told, and ends the stream or not as its code says. */
  #attempt(action: () => void): void {
    if (this.#phase === 'closed') return;
    try {
      action();
    } catch (thrown) {
      this.#report(asEngineError(thrown));
    }
  }

  #take(message: ClientMessage, bytes: number): void {
    if (message.type === 'start') return this.#open(message);
    if (this.#phase === 'waiting') {
      throw engineError('ERR_START_MISSING', `${message.type} came before start`, { expected: 'start first' });
    }
    if (this.#phase === 'ending' || message.type === 'keepalive') return;
    this.#ledger!.admit(bytes);
    if (this.#phase === 'opening') {
      this.#ledger!.hold(bytes);
      this.#early.push({ message, bytes });
    } else this.#apply(this.#session!, message, bytes);
  }

  #open(start: StartMessage): void {
    if (this.#phase !== 'waiting') {
      throw engineError('ERR_TYPE_UNKNOWN', 'a second start', { expected: 'one stream per connection' });
    }
    this.#phase = 'opening';
    this.#start = start;
    this.#ledger = createCreditLedger(this.#context.limits, (start.policy ?? 'block') === 'block');
    this.#context
      .openPipeline(start.pipeline, start.options ?? {})
      .then((loaded) => this.#begin(start, loaded))
      .catch((thrown: unknown) => this.fail(asEngineError(thrown)));
  }

  #begin(start: StartMessage, loaded: LoadedPipeline): void {
    if (this.#phase === 'closed') return;
    const { id, limits, clock } = this.#context;
    const session: Session = new Session({
      id: streamId(start.stream ?? id),
      loaded: { ...loaded, connect: (source) => [...loaded.connect(source), watchMarks((what) => this.#passed(what))] },
      source: { rateHz: start.format.rate ?? 0, width: rowWidth(start.format) },
      clock,
      policy: start.policy ?? 'block',
      inboxRowsMax: Math.floor((2 * limits.creditBytes) / rowBytesMin(start.format)),
      onOutput: (output) => this.#emit(output),
      onError: (error) => this.fail(error),
      onFault: (rows) => {
        this.#faultRows += rows;
      },
      onReady: () => this.#wake(),
    });
    this.#session = session;
    this.#phase = 'open';
    this.#send(readyMessage(id, session, loaded, limits));
    for (const { message, bytes } of this.#early.splice(0)) {
      this.#ledger!.release(bytes);
      this.#attempt(() => this.#take(message, bytes));
    }
  }

  #apply(session: Session, message: ClientMessage, bytes: number): void {
    const { limits } = this.#context;
    switch (message.type) {
      case 'rows':
        for (const error of takeRows(session, message, this.#start!.format, limits)) this.#report(error);
        this.#ledger!.add(session.next, bytes);
        this.#reportFaults();
        break;
      case 'gap':
        takeGap(session, message, limits);
        this.#ledger!.add(session.next, bytes);
        break;
      case 'finalize':
        this.#mark('flush', message.id, bytes);
        break;
      case 'reset':
        this.#mark('reset', message.id, bytes);
        break;
      case 'close':
        this.#phase = 'ending';
        this.#mark('end', '', bytes);
    }
    this.#wake();
  }

  #mark(what: Mark['what'], id: string, bytes: number): void {
    this.#marks.push({ what, id, bytes });
    this.#ledger!.hold(bytes);
    this.#session!.mark(what);
    this.#wake();
  }

  /** A mark came out of the last stage: everything before it is answered. */
  #passed(what: Mark['what']): void {
    const mark = this.#marks.shift();
    assert(mark?.what === what, 'marks leave the stages in another order than they came');
    this.#ledger!.release(mark.bytes);
    const { offset } = this.#session!;
    if (what === 'flush') this.#send({ type: 'finalized', id: mark.id, offset, seq: this.#results });
    if (what === 'reset') this.#send({ type: 'reset', id: mark.id, offset });
  }

  #emit({ seq, item, latencyUs }: Output): void {
    this.#lagUs = Math.max(this.#lagUs, latencyUs);
    if (item.kind === 'gap') return this.#send({ type: 'gap', from: item.from, to: item.to, why: item.why });
    this.#results = seq + 1;
    const outAt = this.#context.clock.now();
    this.#send(toResultMessage(seq, item));
    this.#context.observe?.(latencyUs + this.#context.clock.now() - outAt);
  }

  #wake(): void {
    this.#resting &&= this.#connection.backlogBytes > this.#context.limits.backlogBytesMax / 2;
    if (!this.#resting && this.#session) this.#context.wake(this.#session, this);
  }

  #ack(): void {
    const { offset } = this.#session!;
    this.#ackAt = this.#context.clock.now();
    this.#ledger!.consume(offset);
    this.#ledger!.ack();
    if (offset === this.#ackedOffset) return;
    this.#ackedOffset = offset;
    const lag = Math.round(this.#lagUs / 100) / 10;
    this.#lagUs = 0;
    this.#send({ type: 'ack', offset, credit: this.#context.limits.creditBytes, lag_ms: lag });
  }

  #finish(): void {
    this.#ack();
    this.#send({ type: 'end', ...this.#session!.summary() });
    this.#connection.close(this.#closeCode, 'end');
    this.#dispose();
  }

  #reportFaults(): void {
    if (this.#faultRows === 0) return;
    this.#report(nonFiniteRows(this.#faultRows));
    this.#faultRows = 0;
  }

  #report(error: EngineError): void {
    if (error.scope !== 'chunk') return this.fail(error);
    // Someone who sends nonsense and reads nothing must not fill the socket's buffer with our answers.
    if (this.#connection.backlogBytes <= this.#context.limits.backlogBytesMax) this.#sendError(error, false);
  }

  #sendError({ code, message, expected }: EngineError, fatal: boolean): void {
    this.#send({ type: 'error', code, fatal, message, ...(expected === undefined ? {} : { expected }) });
  }

  #send(message: ServerMessage): void {
    if (this.#phase !== 'closed') this.#connection.send(this.#codec.encodeServer(message));
  }

  #dispose(error?: EngineError): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    if (this.#session) {
      this.#context.rest(this.#session);
      this.#session.close();
    }
    this.#context.closed(this, error);
  }
}
