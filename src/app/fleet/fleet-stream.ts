// One sensor of a fleet: its order of time, its session, and how much of it is not in a checkpoint yet. Rows go in one at
// a time, results come out as lines. Everything it decides follows from the rows alone, so that a replay decides the same.

import type { EngineError } from '../../base/errors.ts';
import { streamId } from '../../base/units.ts';
import { EventOrder, type EventOrderOptions, type OrderEvent, type TimedRow } from '../../item/event-order.ts';
import type { LoadedPipeline } from '../../pipeline/connect.ts';
import { Session } from '../../session/session.ts';
import type { Output, SessionSummary } from '../../session/session-options.ts';
import { jsonCodec } from '../../wire/json-codec.ts';
import { toResultMessage } from '../../wire/result-message.ts';
import { systemClock } from '../clock.ts';
import type { StreamState } from './stream-state.ts';

export interface FleetStreamOptions {
  readonly key: string;
  readonly loaded: LoadedPipeline;
  readonly width: number;
  readonly order: EventOrderOptions;
  /** Lines of JSON: results, gaps, events. */
  readonly write: (key: string, line: string) => void;
  readonly saved?: StreamState;
}

const NONE = { rows: 0, first: 0, sinceMs: 0 };

/** A class, since there are thousands. */
export class FleetStream {
  readonly key: string;
  /** The next journal position that means anything to it. */
  readonly from: number;
  readonly stateBytes: number;
  readonly #name: string;
  readonly #order: EventOrder;
  readonly #session: Session;
  readonly #write: (key: string, line: string) => void;
  readonly #feed: (row: TimedRow) => void;
  #failure: EngineError | undefined;
  #unsaved = NONE;

  constructor({ key, loaded, width, order, write, saved }: FleetStreamOptions) {
    this.key = key;
    this.from = saved?.position ?? 0;
    this.#name = JSON.stringify(key);
    this.#write = write;
    this.#order = new EventOrder(order, saved?.order);
    this.#session = new Session({
      id: streamId(key),
      loaded,
      source: { rateHz: 0, width },
      clock: systemClock,
      onOutput: (output) => this.#print(output),
      onError: (error) => {
        this.#failure = error;
      },
      ...(saved ? { snapshot: saved.snapshot } : {}),
    });
    this.#feed = ({ time, values }) => this.#session.rows(values, Float64Array.of(time));
    this.stateBytes = this.#session.stateBytes;
  }

  get counts(): Readonly<Record<OrderEvent, number>> {
    return this.#order.counts;
  }
  /** Rows that are in no checkpoint, the first one's journal position, and when it came. */
  get unsaved(): { readonly rows: number; readonly first: number; readonly sinceMs: number } {
    return this.#unsaved;
  }

  async take(row: TimedRow, position: number, nowMs: number): Promise<void> {
    const { rows } = this.#unsaved;
    this.#unsaved = rows === 0 ? { rows: 1, first: position, sinceMs: nowMs } : { ...this.#unsaved, rows: rows + 1 };
    const event = this.#order.take(row, this.#feed);
    if (event) this.#write(this.key, `{"stream":${this.#name},"type":"event","event":"${event}","t_us":${row.time}}`);
    await this.#work();
  }
  /** Lets go of rows that wait for earlier ones. */
  async flush(): Promise<void> {
    this.#order.flush(this.#feed);
    await this.#work();
  }
  /** Everything up to `position`, to be put in the store now. */
  checkpoint(position: number): StreamState {
    this.#unsaved = NONE;
    return { key: this.key, position, order: this.#order.state(), snapshot: this.#session.snapshot() };
  }
  summary(): SessionSummary {
    return this.#session.summary();
  }
  close(): void {
    this.#session.close();
  }

  #print({ seq, item }: Output): void {
    const { from, to } = item;
    const message =
      item.kind === 'gap' ? ({ type: 'gap', from, to, why: item.why } as const) : toResultMessage(seq, item);
    this.#write(this.key, `{"stream":${this.#name},${jsonCodec.encodeServer(message).slice(1)}`);
  }
  async #work(): Promise<void> {
    await this.#session.idle();
    if (this.#failure) throw this.#failure;
  }
}
