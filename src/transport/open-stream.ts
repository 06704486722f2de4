// One stream while a connection has it: from `ready` to `end`. It gives messages to the session and sends what comes out; what
// must happen between two rows (between-rows.ts) waits for all before it, and what follows waits behind it. Not the
// connection's life: bridge.ts. Not what is kept of a resumable stream: stream-record.ts.

import { assert } from '../base/assert.ts';
import { asEngineError } from '../base/errors.ts';
import type { Micros } from '../base/units.ts';
import type { Mark } from '../item/item.ts';
import type { Snapshot } from '../item/snapshot.ts';
import type { LoadedPipeline } from '../pipeline/connect.ts';
import type { Seat } from '../session/pump.ts';
import type { Session } from '../session/session.ts';
import type { Output } from '../session/session-options.ts';
import type { ClientMessage, ServerMessage } from '../wire/messages.ts';
import { rowWidth } from '../wire/row-builder.ts';
import { type Acks, createAcks } from './acks.ts';
import { type Behind, createBehind } from './behind.ts';
import type { BetweenMessage } from './between-rows.ts';
import { makeSession } from './make-session.ts';
import type { OpenedState } from './open-state.ts';
import { type StreamMeter, watch } from './stream-meter.ts';
import type { StreamOwner } from './stream-owner.ts';
import { createStreamRecord, type StreamRecord } from './stream-record.ts';
import { nonFiniteRows, takeGap, takeRows } from './take-rows.ts';

export class OpenStream {
  /** A resumable stream's. */
  readonly record: StreamRecord | undefined;
  #owner: StreamOwner;
  #loaded: LoadedPipeline;
  #session: Session;
  #seat: Seat;
  #acks: Acks;
  #marks: { readonly what: Mark['what']; readonly id: string; readonly bytes: number }[] = [];
  #behind: Behind;
  #resting = false;
  #meter: StreamMeter | undefined;
  /** When the inputs of results came that wait for the end of the turn; kept only for the meter. */
  #unobserved: number[] = [];
  #results: number;
  #bytesSinceSave = 0;
  #changed = false; // a message came, or a result went, since the last state was taken
  #faultRows = 0;
  #over = false;
  /** An operator threw: the state may be of the middle of an item. */
  #broken = false;

  constructor(owner: StreamOwner, { loaded, snapshot, kept }: OpenedState, now: Micros) {
    const { context, start } = owner;
    this.#owner = owner;
    this.#loaded = loaded;
    this.#results = snapshot?.seq ?? 0;
    this.record = kept && createStreamRecord(kept, context.limits.resumeLogBytesMax);
    this.#session = this.#openSession(loaded, snapshot);
    this.#meter = watch(context, loaded, this.#session, this.record, this.#results);
    this.#acks = createAcks(context.limits.creditBytes, now, start.ack_ms);
    this.#seat = context.join((itemsMax, until) => this.#turn(itemsMax, until));
    this.#behind = this.#makeBehind();
  }

  get session(): Session {
    return this.#session;
  }
  /** Of a row. */
  get width(): number {
    return rowWidth(this.#owner.start.format);
  }

  take(message: ClientMessage, bytes: number): void {
    this.#changed = true;
    if (message.type === 'received') this.record?.received(message.seq);
    else if (!this.#behind.take(message, bytes)) this.#apply(message, bytes);
    this.wake();
  }

  /** Nothing follows: the end comes when all is answered. */
  end(): void {
    this.take({ type: 'close' }, 0);
  }

  /** Call now and then: acks, states to be stored, and going on after a slow reader. */
  tick(now: Micros): void {
    if (this.#resting) this.wake();
    this.#ackIfDue(now);
    if (this.record) this.#saveIfDue(this.record, now);
  }

  wake(): void {
    const { line, context } = this.#owner;
    this.#resting &&= line.backlogBytes > context.limits.backlogBytesMax / 2 || this.record?.isFull === true;
    if (!this.#resting && !this.#over) this.#seat.wake();
  }

  /** Stores the state as it is now. Nothing happens for an ordinary stream, nor while work is under way elsewhere. */
  async save(): Promise<void> {
    if (!this.record || this.#broken || this.#over || this.#session.busy) return;
    this.#bytesSinceSave = 0;
    this.#changed = false;
    const { clock } = this.#owner.context;
    await this.record.save(this.#session.snapshot(), this.#session.ended, clock.now());
  }

  /** Says again what may not have arrived. */
  repeat(): void {
    const { line, start } = this.#owner;
    for (const envelope of this.record?.toRepeat() ?? []) line.again(envelope, start.format.rate ?? 0);
  }

  sayEnd(): void {
    const { line, context } = this.#owner;
    this.#ack(context.clock.now());
    line.send({ type: 'end', ...this.#session.summary() });
  }

  /** Gives memory back at once. Resolves when the last state of a resumable stream is stored, or could not be. */
  async close(): Promise<void> {
    if (this.#over) return;
    const saved = this.save().catch(() => undefined); // the state before stands
    this.#over = true;
    this.#behind.close();
    this.#seat.rest();
    this.#meter?.closed(this.#session.summary(), this.#session.ended);
    this.#session.close();
    await saved;
  }

  #openSession(loaded: LoadedPipeline, snapshot: Snapshot | undefined): Session {
    return makeSession(this.#owner, loaded, snapshot, this.record?.keeper.stream, {
      onOutput: (output) => this.#emit(output),
      onMark: (what) => this.#passed(what),
      onError: (error) => {
        this.#broken = true;
        this.#owner.fail(error);
      },
      onFault: (rows) => {
        this.#faultRows += rows;
      },
      onReady: () => this.wake(),
    });
  }

  /** This stream's share of work. What it sends leaves in one piece. */
  #turn(itemsMax: number, until: Micros): boolean {
    const { line, context } = this.#owner;
    if (this.#behind.answering) return false;
    line.cork();
    // Here too, since work that is done elsewhere may be under way whenever the clock is looked at.
    if (this.record) this.#saveIfDue(this.record, this.#owner.heardAt());
    const more = this.#session.work(itemsMax, until);
    if (this.#session.ended) {
      if (!this.#over) this.#owner.finished();
    } else {
      this.#ackIfDue(this.#owner.heardAt()); // a little late, and the ack needs no write of its own
      this.#behind.goOn();
    }
    line.uncork();
    this.#observe();
    this.#resting ||= line.backlogBytes > context.limits.backlogBytesMax || this.record?.isFull === true;
    return more && !this.#resting;
  }

  #observe(): void {
    if (this.#unobserved.length === 0) return;
    const now = this.#owner.context.clock.now();
    for (const at of this.#unobserved.splice(0)) this.#meter?.result?.(now - at);
  }

  #apply(message: ClientMessage, bytes: number): void {
    const { start, context, ledger } = this.#owner;
    const session = this.#session;
    this.#bytesSinceSave += bytes;
    switch (message.type) {
      case 'rows':
        for (const error of takeRows(session, message, start.format, context.limits)) this.#owner.report(error);
        ledger.add(session.next, bytes);
        this.#reportFaults();
        break;
      case 'gap':
        takeGap(session, message, context.limits);
        ledger.add(session.next, bytes);
        break;
      case 'finalize':
        return this.#mark('flush', message.id, bytes);
      case 'reset':
        return this.#mark('reset', message.id, bytes);
      case 'close':
        return this.#mark('end', '', bytes);
    }
  }

  #mark(what: Mark['what'], id: string, bytes: number): void {
    this.#marks.push({ what, id, bytes });
    this.#owner.ledger.hold(bytes);
    this.#session.mark(what);
  }

  #makeBehind(): Behind {
    const { context, line, ledger } = this.#owner;
    return createBehind({
      ledger,
      still: () => ({
        context,
        loaded: this.#loaded,
        stream: this.record?.keeper.stream,
        snapshot: () => this.#session.snapshot(),
        replace: (loaded, snapshot) => this.#replace(loaded, snapshot),
      }),
      isQuiet: () => this.#session.quiet,
      apply: (message, bytes) => this.#apply(message, bytes),
      report: (error) => this.#owner.report(error),
      answered: (message, answer) => this.#answered(message, answer),
      refused: (error) => line.error(error, false),
      wake: () => this.wake(),
    });
  }

  async #answered(message: BetweenMessage, answer: ServerMessage): Promise<void> {
    if (this.#over) return;
    this.#log(answer, message.id);
    if (message.type === 'snapshot' && !message.inline) await this.save();
    this.#owner.line.send(answer);
  }

  #replace(loaded: LoadedPipeline, snapshot: Snapshot): void {
    if (this.#over) return;
    const next = this.#openSession(loaded, snapshot);
    this.#session.close();
    this.#session = next;
    this.#loaded = loaded;
  }

  /** A mark came out of the last stage: everything before it is answered. */
  #passed(what: Mark['what']): void {
    const mark = this.#marks.shift();
    assert(mark?.what === what, 'marks leave the stages in another order than they came');
    this.#owner.ledger.release(mark.bytes);
    const { offset } = this.#session;
    if (what === 'flush') this.#say({ type: 'finalized', id: mark.id, offset, seq: this.#results }, mark.id);
    if (what === 'reset') this.#say({ type: 'reset', id: mark.id, offset }, mark.id);
  }

  #emit({ seq, item, latencyUs }: Output): void {
    const { line, context } = this.#owner;
    const { record } = this;
    this.#acks.lag(latencyUs);
    this.#changed = true;
    if (item.kind === 'gap') {
      const { from, to, why } = item;
      this.#meter?.gap(why, to - from);
      const message = { type: 'gap', from, to, why } as const;
      record?.logMessage(this.#results, message);
      if (!record || this.#results >= record.sendFrom) line.send(message);
      return;
    }
    this.#results = seq + 1;
    if (this.#meter?.result) this.#unobserved.push(context.clock.now() - latencyUs);
    record?.logResult(seq, item);
    if (!record || seq >= record.sendFrom) line.result(seq, item);
  }

  #say(message: ServerMessage, id: string): void {
    this.#log(message, id);
    this.#owner.line.send(message);
  }

  #log(message: ServerMessage, id: string): void {
    this.record?.logMessage(this.#results, message);
    this.record?.answered(id);
  }

  #saveIfDue({ keeper }: StreamRecord, now: Micros): void {
    if (this.#behind.answering || !keeper.isDue(now, this.#bytesSinceSave, this.#changed)) return;
    this.save().catch((thrown: unknown) => {
      const error = asEngineError(thrown);
      if (error.code === 'ERR_STATE_FENCED') this.#owner.fail(error);
      else this.#owner.line.error(error, false); // the state before stands; the next may succeed
    });
  }

  #ackIfDue(now: Micros): void {
    const { ledger } = this.#owner;
    ledger.consume(this.#session.offset);
    if (this.#acks.isDue(now, ledger.ackableBytes)) this.#ack(now);
  }

  #ack(now: Micros): void {
    const { ledger, line } = this.#owner;
    const { offset } = this.#session;
    ledger.consume(offset);
    ledger.ack();
    const message = this.#acks.next(offset, now, this.record?.keeper.durable);
    if (message) line.send(message);
  }

  #reportFaults(): void {
    if (this.#faultRows === 0) return;
    this.#owner.report(nonFiniteRows(this.#faultRows));
    this.#faultRows = 0;
  }
}
