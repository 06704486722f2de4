// A stage is an RxJS operator built for one stream. It borrows its state from the stream's arenas by slot name, so a
// snapshot of the arenas is a snapshot of the stage. Rules: no state in closures or scan() seeds, no Subject, no
// scheduler, no time operator; kinds a stage does not handle pass through in order. See docs/adr/0001 and 0002.

import type { OperatorFunction } from 'rxjs';
import type { Clock, StreamId } from '../base/units.ts';
import type { Layout, State } from '../cell/state.ts';
import type { Item } from '../item/item.ts';

export interface StreamContext {
  readonly id: StreamId;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The arena for `slot`, fresh (then `init` runs) or restored from a snapshot. One call per slot and stream. */
  state<L extends Layout>(slot: string, layout: L, init: (state: State<L>) => void): State<L>;
  /** Tells the session that work is under way elsewhere: it feeds nothing more until the promise settles. */
  busy(work: Promise<unknown>): void;
}

export type Stage = (context: StreamContext) => OperatorFunction<Item, Item>;
