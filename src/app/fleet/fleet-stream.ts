// One sensor of a fleet: its order of time, its session, and how much of it is not in a checkpoint yet. Rows go in one at
// a time, results come out as lines. Everything it decides follows from the rows alone, so that a replay decides the same.

import { asEngineError, type EngineError } from '../../base/errors.ts';
import { streamId } from '../../base/units.ts';
import {
  createEventOrder,
  type EventOrder,
  type EventOrderOptions,
  type OrderEvent,
  type TimedRow,
} from '../../item/event-order.ts';
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

export interface FleetStream {
  readonly key: string;
  readonly counts: Readonly<Record<OrderEvent, number>>;
  /** Rows that are in no checkpoint, the first one's journal position, and when it came. */
  readonly unsaved: { readonly rows: number; readonly first: number; readonly sinceMs: number };
  readonly stateBytes: number;
  /** The next journal position that means anything to it. */
  readonly from: number;
  take(row: TimedRow, position: number, nowMs: number): Promise<void>;
  /** Lets go of rows that wait for earlier ones. */
  flush(): Promise<void>;
  /** Everything up to `position`. Call `saved` once it is in the store. */
  checkpoint(position: number): StreamState;
  summary(): SessionSummary;
  close(): void;
}

export function openFleetStream({ key, loaded, width, order, write, saved }: FleetStreamOptions): FleetStream {
  const name = JSON.stringify(key);
  let failure: EngineError | undefined;
  let unsaved = { rows: 0, first: 0, sinceMs: 0 };
  const sort: EventOrder = createEventOrder(order, saved?.order);

  function print({ seq, item }: Output): void {
    const { from, to } = item;
    const message =
      item.kind === 'gap' ? ({ type: 'gap', from, to, why: item.why } as const) : toResultMessage(seq, item);
    write(key, `{"stream":${name},${jsonCodec.encodeServer(message).slice(1)}`);
  }
  const session = new Session({
    id: streamId(key),
    loaded,
    source: { rateHz: 0, width },
    clock: systemClock,
    onOutput: print,
    onError: (error) => {
      failure = error;
    },
    ...(saved ? { snapshot: saved.snapshot } : {}),
  });
  const feed = ({ time, values }: TimedRow): void => session.rows(values, Float64Array.of(time));
  async function work(): Promise<void> {
    await session.idle();
    if (failure) throw asEngineError(failure);
  }
  return {
    key,
    counts: sort.counts,
    stateBytes: session.stateBytes,
    from: saved?.position ?? 0,
    get unsaved() {
      return unsaved;
    },
    async take(row, position, nowMs) {
      unsaved =
        unsaved.rows === 0 ? { rows: 1, first: position, sinceMs: nowMs } : { ...unsaved, rows: unsaved.rows + 1 };
      const event = sort.take(row, feed);
      if (event) write(key, `{"stream":${name},"type":"event","event":"${event}","t_us":${row.time}}`);
      await work();
    },
    async flush() {
      sort.flush(feed);
      await work();
    },
    checkpoint(position) {
      unsaved = { rows: 0, first: 0, sinceMs: 0 };
      return { key, position, order: sort.state(), snapshot: session.snapshot() };
    },
    summary: () => session.summary(),
    close: () => session.close(),
  };
}
