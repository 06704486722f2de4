// One stream: its door, its arenas, its chain of stages, its numbered outputs. A session neither reads the network nor
// owns a timer; somebody calls `work()` (pump.ts in the server, a plain loop in `run`). Marble of what it does:
//   rows, gap, mark -> [door: bounded inbox] -> work() -> stages -> outputs on the source grid, numbered, digested

import type { Subscriber, Subscription } from 'rxjs';
import { Observable } from 'rxjs/internal/Observable'; // why not all of it: operator/make-stage.ts
import { assert } from '../base/assert.ts';
import { asEngineError, engineError } from '../base/errors.ts';
import type { Micros, StreamId } from '../base/units.ts';
import { f64, type State } from '../cell/state.ts';
import type { Gap, GapCause, Item, ResultItem } from '../item/item.ts';
import type { Snapshot } from '../item/snapshot.ts';
import { Arenas } from './arenas.ts';
import { checkSnapshot } from './check-snapshot.ts';
import { DIGEST_LAYOUT, type DigestState, initDigest, lastGap, openGap, readDigest, updateDigest } from './digest.ts';
import { Door } from './door.ts';
import { OpenContext } from './open-context.ts';
import type { SessionOptions, SessionSummary } from './session-options.ts';
import { restOfGap, toSourceGrid } from './source-grid.ts';

/** Ten seconds of 48 kHz audio: far above any jitter, far below trouble. */
const INBOX_ROWS_MAX = 480_000;

/** Time of the last row that got in: a row of a sensor that is not behind it is late (door.ts). */
const TIME_LAYOUT = { last: f64(1) } as const;
const initTime = ({ at }: State<typeof TIME_LAYOUT>): void => void at.last.fill(-Infinity);

export class Session {
  readonly id: StreamId;
  /** Bytes of the stream's whole state, fixed from the first row on. */
  readonly stateBytes: number;
  #options: SessionOptions;
  #door: Door;
  #arenas: Arenas;
  #digest: DigestState;
  #input!: Subscriber<Item>;
  #context: OpenContext;
  #subscription: Subscription;
  #toSource: (item: ResultItem | Gap) => ResultItem | Gap;
  #pending: Promise<unknown> | undefined;
  #arrivedAt: Micros;
  #offset: number;
  #fed: number; // source rows that went into the stages: nothing that comes out lies beyond them, however much waits
  #seq: number;
  #ended = false;
  /** The digest lies in memory that is given back. */
  #closedWith: SessionSummary | undefined;

  constructor(options: SessionOptions) {
    const { loaded, source, snapshot } = options;
    if (snapshot) checkSnapshot(snapshot, loaded, source);
    this.id = options.id;
    this.#options = options;
    this.#arenas = new Arenas(snapshot?.slots);
    this.#digest = this.#arenas.state('session.digest', DIGEST_LAYOUT, initDigest);
    this.#seq = snapshot?.seq ?? 0;
    this.#offset = this.#fed = snapshot?.offset ?? 0;
    this.#arrivedAt = options.clock.now();
    const sensor = loaded.pipeline.input.kind === 'sensor';
    this.#door = new Door({
      source,
      nanIsMissing: sensor,
      ...(sensor ? { lastTime: this.#arenas.state('session.time', TIME_LAYOUT, initTime).at.last } : {}),
      inboxRowsMax: options.inboxRowsMax ?? INBOX_ROWS_MAX,
      policy: options.policy ?? 'block',
      next: this.#offset,
      onFault: options.onFault ?? (() => undefined),
    });
    this.#toSource = toSourceGrid(loaded.pipeline, source, () => this.#fed);
    this.#context = new OpenContext(options.id, options.clock, this.#arenas, (work) => this.#busy(work));
    // Its one subscriber is fed by hand: a Subject, made for many, would copy a list for every item.
    const input$ = new Observable<Item>((subscriber) => {
      this.#input = subscriber;
    });
    const output$ = loaded.connect(source).reduce((stream, stage) => stage(this.#context)(stream), input$);
    this.#subscription = output$.subscribe({
      next: (item) => this.#emit(item),
      error: (thrown) => this.#fail(thrown),
    });
    this.#arenas.seal();
    this.stateBytes = this.#arenas.bytes();
  }

  /** Source rows accepted or declared missing so far: the next row the stream wants. */
  get next(): number {
    return this.#door.next;
  }
  /** Source rows consumed into state. */
  get offset(): number {
    return this.#offset;
  }
  get rowsWaiting(): number {
    return this.#door.rowsWaiting;
  }
  /** Work is under way elsewhere: the state is not between two items. */
  get busy(): boolean {
    return this.#pending !== undefined;
  }
  /** All that came is consumed. */
  get quiet(): boolean {
    return !this.#pending && this.#door.itemsWaiting === 0;
  }
  /** True after an end mark came out, after a failure and after close. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Takes rows [n, width]. ERR_PARTIAL_SAMPLE for a broken row (nothing is taken), ERR_CREDIT_OVERRUN when full. */
  rows(data: Float32Array, times?: Float64Array): void {
    const { width } = this.#options.source;
    if (data.length % width !== 0) {
      throw engineError('ERR_PARTIAL_SAMPLE', `${data.length} values are not whole rows of ${width}`, {
        expected: `a multiple of ${width} values`,
      });
    }
    this.#door.rows(data, this.#options.clock.now(), times);
  }
  /** Declares that the next `rows` rows will not come. */
  gap(rows: number, why: GapCause): void {
    this.#door.gap(rows, why, this.#options.clock.now());
  }
  mark(what: 'flush' | 'reset' | 'end'): void {
    this.#door.mark(what, this.#options.clock.now());
  }

  /** Feeds waiting items through the stages, at most `itemsMax` and none from `until` on; true while more could be done. */
  work(itemsMax = 64, until?: Micros): boolean {
    for (let i = 0; i < itemsMax; i++) {
      if (this.#pending || this.#ended) return false;
      const arrival = this.#door.take();
      if (!arrival) return false;
      this.#arrivedAt = arrival.at;
      this.#fed = arrival.item.to;
      this.#input.next(arrival.item);
      this.#consumed(arrival.item.to);
      if (until !== undefined && this.#door.itemsWaiting > 0 && this.#options.clock.now() >= until) break;
    }
    return true;
  }

  /** Works until nothing waits and nothing is under way. */
  async idle(): Promise<void> {
    for (;;) {
      while (this.work()) await Promise.resolve();
      if (!this.#pending) return;
      await this.#pending;
    }
  }

  /** The whole state between two items. Not while busy; what waits at the door is not in it. */
  snapshot(): Snapshot {
    assert(!this.#pending, 'snapshot while work is under way: await idle() first');
    const { loaded, source } = this.#options;
    return {
      pipeline: loaded.pipeline.name,
      options: loaded.options,
      modelIds: loaded.modelIds,
      numerics: loaded.numerics,
      source,
      offset: this.#offset,
      seq: this.#seq,
      slots: this.#arenas.copy(),
    };
  }

  summary(): SessionSummary {
    return this.#closedWith ?? { offset: this.#offset, ...readDigest(this.#digest) };
  }

  close(): void {
    this.#closedWith ??= this.summary();
    this.#ended = true;
    this.#context.close();
    this.#subscription.unsubscribe();
    // Work under way elsewhere still writes to its state; the memory is another stream's only after that.
    if (this.#pending) void this.#pending.then(() => this.#arenas.release());
    else this.#arenas.release();
  }

  #busy(work: Promise<unknown>): void {
    const settled: Promise<unknown> = Promise.allSettled([this.#pending, work]).then(() => {
      if (this.#pending === settled) this.#pending = undefined;
      if (!this.#pending) this.#options.onReady?.();
    });
    this.#pending = settled;
  }

  /** `offset` counts rows whose results can no longer be lost: after the work under way, if any. */
  #consumed(to: number): void {
    if (this.#pending) void this.#pending.then(() => this.#consumed(to));
    else this.#offset = to;
  }

  #emit(item: Item): void {
    if (item.kind === 'mark') return this.#emitMark(item.what);
    const mapped = this.#toSource(item);
    if (mapped.kind === 'chunk' && mapped.rows === 0) return; // samples beyond the last row that came
    this.#closeGap(mapped.from);
    this.#tell(mapped);
  }

  #emitMark(what: 'flush' | 'reset' | 'end'): void {
    // Audio goes on with the very next row; other results with the pipeline's, of which these rows are no whole one.
    if (what === 'reset' && this.#options.loaded.pipeline.output !== 'audio')
      openGap(this.#digest, this.#fed, 'client');
    if (what !== 'end') return;
    this.#closeGap(this.#fed);
    this.#ended = true;
  }

  #closeGap(until: number): void {
    const { loaded, source } = this.#options;
    const rest = restOfGap(loaded.pipeline, source, lastGap(this.#digest), until);
    if (rest) this.#tell(rest);
  }

  #tell(mapped: ResultItem | Gap): void {
    updateDigest(this.#digest, mapped);
    const seq = mapped.kind === 'gap' ? -1 : this.#seq++;
    this.#options.onOutput({ seq, item: mapped, latencyUs: this.#options.clock.now() - this.#arrivedAt });
  }

  #fail(thrown: unknown): void {
    this.#ended = true;
    this.#options.onError?.(asEngineError(thrown));
  }
}
