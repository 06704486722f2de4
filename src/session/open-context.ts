// What a session gives to its stages: state from its arenas, its clock, a signal that ends with it. Contract: operator/stage.ts.

import type { Clock, StreamId } from '../base/units.ts';
import type { Layout, State } from '../cell/state.ts';
import type { StreamContext } from '../operator/stage.ts';
import type { Arenas } from './arenas.ts';

export class OpenContext implements StreamContext {
  readonly id: StreamId;
  readonly clock: Clock;
  readonly busy: (work: Promise<unknown>) => void;
  #arenas: Arenas;
  /** Made for the first stage that asks: half a kB that few streams need. */
  #abort: AbortController | undefined;
  #closed = false;

  constructor(id: StreamId, clock: Clock, arenas: Arenas, busy: (work: Promise<unknown>) => void) {
    this.id = id;
    this.clock = clock;
    this.busy = busy;
    this.#arenas = arenas;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#closed) this.#abort.abort();
    return this.#abort.signal;
  }
  state<L extends Layout>(slot: string, layout: L, init: (state: State<L>) => void): State<L> {
    return this.#arenas.state(slot, layout, init);
  }
  close(): void {
    this.#closed = true;
    this.#abort?.abort();
  }
}
