// One connection and its stream: the only place where messages meet a session. It decodes, pushes, and sends what comes
// out; work is done by the pump, time is told by `tick`. It never waits, and it holds nothing that a limit does not bound.
//   start -> open pipeline -> ready;  rows, gap -> session;  finalize, reset -> marks;  close -> end mark -> end -> 1000

import { assert } from '../base/assert.ts';
import { asEngineError, type EngineError, engineError } from '../base/errors.ts';
import { type Micros, streamId } from '../base/units.ts';
import type { Mark } from '../item/item.ts';
import { declaredBy } from '../operator/make-stage.ts';
import type { LoadedPipeline } from '../pipeline/connect.ts';
import type { Seat } from '../session/pump.ts';
import { type Output, Session } from '../session/session.ts';
import type { Codec, Frame } from '../wire/codec.ts';
import { framedCodec } from '../wire/framed-codec.ts';
import type { ClientMessage, ServerMessage, StartMessage } from '../wire/messages.ts';
import { rowWidth } from '../wire/row-builder.ts';
import { rowBytesMin } from '../wire/rows.ts';
import { type Acks, createAcks } from './acks.ts';
import type { BridgeContext } from './bridge-context.ts';
import { type CreditLedger, createCreditLedger } from './credit-ledger.ts';
import { checkSize } from './limits.ts';
import { readyMessage } from './ready-message.ts';
import { nonFiniteRows, takeGap, takeRows } from './take-rows.ts';
import { type Connection, closeReason } from './transport.ts';
import { watchMarks } from './watch-marks.ts';

type Phase = 'waiting' | 'opening' | 'open' | 'ending' | 'closed';

export class Bridge {
  #phase: Phase = 'waiting';
  #connection: Connection;
  #seat: Seat;
  #codec: Codec;
  #context: BridgeContext;
  #session: Session | undefined;
  #start: StartMessage | undefined;
  /** What came between `start` and `ready`. */
  #early: { readonly message: ClientMessage; readonly bytes: number }[] = [];
  #ledger: CreditLedger | undefined;
  #acks: Acks | undefined;
  #marks: { readonly what: Mark['what']; readonly id: string; readonly bytes: number }[] = [];
  #resting = false;
  /** When the inputs of results came that wait for the end of the turn; kept only for `observe`. */
  #unobserved: number[] = [];
  #results = 0;
  #faultRows = 0;
  #heardAt: Micros;
  #closeCode = 1000;
  #deadline = Infinity;

  constructor(connection: Connection, codec: Codec, context: BridgeContext) {
    this.#connection = connection;
    this.#codec = codec;
    this.#context = context;
    this.#seat = context.join((itemsMax, until) => this.#turn(itemsMax, until));
    this.#heardAt = context.clock.now();
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
    if (this.#resting) this.#wake();
    this.#ackIfDue(now);
    if (silentMs > limits.idleMsMax && this.#ledger!.messages === 0) {
      const expected = `a message, or keepalive, every ${limits.idleMsMax} ms`;
      this.fail(engineError('ERR_IDLE', 'nothing came for too long', { expected }));
    }
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
    try {
      checkSize(frame.bytes, this.#context.limits);
      this.#take(this.#codec.decodeClient(frame), frame.bytes.length);
    } catch (thrown) {
      this.#report(asEngineError(thrown));
    }
  }

  /** What goes wrong is told, and ends the stream or not as its code says. */
  #attempt(message: ClientMessage, bytes: number): void {
    if (this.#phase === 'closed') return;
    try {
      this.#take(message, bytes);
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
    if (start.frame === 'framed') this.#codec = framedCodec(this.#codec);
    const { limits } = this.#context;
    this.#ledger = createCreditLedger(limits, (start.policy ?? 'block') === 'block');
    this.#acks = createAcks(limits.creditBytes, this.#heardAt, start.ack_ms);
    this.#context
      .openPipeline(start.pipeline, start.options ?? {})
      .then((loaded) => this.#begin(start, loaded))
      .catch((thrown: unknown) => this.fail(asEngineError(thrown)));
  }

  #begin(start: StartMessage, loaded: LoadedPipeline): void {
    if (this.#phase === 'closed') return;
    const { id, limits, clock } = this.#context;
    const source = { rateHz: start.format.rate ?? 0, width: rowWidth(start.format) };
    const stages = loaded.connect(source);
    const session: Session = new Session({
      id: streamId(start.stream ?? id),
      loaded: { ...loaded, connect: () => [...stages, watchMarks((what) => this.#passed(what))] },
      source,
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
    const framed = start.frame === 'framed' ? declaredBy(stages) : undefined;
    this.#send(readyMessage(id, session, loaded, limits, framed));
    for (const { message, bytes } of this.#early.splice(0)) {
      this.#ledger!.release(bytes);
      this.#attempt(message, bytes);
    }
  }

  /** This stream's share of work. What it sends leaves in one piece. */
  #turn(itemsMax: number, until: Micros): boolean {
    const session = this.#session!;
    this.#connection.cork();
    const more = session.work(itemsMax, until);
    if (session.ended) this.#finish();
    else this.#ackIfDue(this.#heardAt); // a little late, and the ack needs no write of its own
    this.#connection.uncork();
    this.#observe();
    this.#resting ||= this.#connection.backlogBytes > this.#context.limits.backlogBytesMax;
    return more && !this.#resting;
  }

  #observe(): void {
    if (this.#unobserved.length === 0) return;
    const now = this.#context.clock.now();
    for (const at of this.#unobserved.splice(0)) this.#context.observe?.(now - at);
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
    this.#acks!.lag(latencyUs);
    if (item.kind === 'gap') return this.#send({ type: 'gap', from: item.from, to: item.to, why: item.why });
    this.#results = seq + 1;
    if (this.#context.observe) this.#unobserved.push(this.#context.clock.now() - latencyUs);
    if (this.#phase !== 'closed') this.#connection.send(this.#codec.encodeResult(seq, item));
  }

  #wake(): void {
    this.#resting &&= this.#connection.backlogBytes > this.#context.limits.backlogBytesMax / 2;
    if (!this.#resting && this.#session) this.#seat.wake();
  }

  #ackIfDue(now: Micros): void {
    this.#ledger!.consume(this.#session!.offset);
    if (this.#acks!.isDue(now, this.#ledger!.ackableBytes)) this.#ack(now);
  }

  #ack(now: Micros): void {
    const { offset } = this.#session!;
    this.#ledger!.consume(offset);
    this.#ledger!.ack();
    const message = this.#acks!.next(offset, now);
    if (message) this.#send(message);
  }

  #finish(): void {
    if (this.#phase === 'closed') return;
    this.#ack(this.#heardAt);
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
    this.#seat.rest();
    this.#session?.close();
    this.#context.closed(error);
  }
}
