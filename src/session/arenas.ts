// All state of one stream, by slot name: fresh, or restored from a snapshot. It lies in the kernel memory, where the cells
// work on it in place. Bytes are copied in and out, never shared.

import { assert } from '../base/assert.ts';
import { engineError } from '../base/errors.ts';
import { makeNearState, type OwnedState } from '../cell/near-state.ts';
import { type Layout, restoreState, type State, stateBytes } from '../cell/state.ts';
import type { Snapshot } from '../item/snapshot.ts';

export class Arenas {
  #names: string[] = [];
  #owned: OwnedState[] = [];
  #saved: Snapshot['slots'] | undefined;
  #bytes = 0;
  #sealed = false;

  constructor(saved: Snapshot['slots'] | undefined) {
    this.#saved = saved;
  }

  state<L extends Layout>(slot: string, layout: L, init: (state: State<L>) => void): State<L> {
    assert(!this.#sealed, 'a stage asked for state after its stream began');
    assert(!this.#names.includes(slot), 'two stages of one pipeline use the same state slot');
    const near = makeNearState(layout);
    this.#owned.push(near);
    this.#names.push(slot);
    this.#bytes += stateBytes(layout);
    init(near.state);
    if (this.#saved) restoreSlot(near.state, slot, this.#saved);
    return near.state;
  }

  /** After this no slot can be added: a stream's state has its final size before the first row. */
  seal(): void {
    this.#sealed = true;
    // Copies have no room to grow, which a list filled one by one has: 17 places.
    this.#names = this.#names.slice();
    this.#owned = this.#owned.slice();
    this.#saved = undefined;
  }
  bytes(): number {
    return this.#bytes;
  }
  copy(): Record<string, Uint8Array> {
    assert(this.#owned.length === this.#names.length, 'a snapshot of a stream that was closed');
    return Object.fromEntries(this.#owned.map((near, i) => [this.#names[i]!, near.copy()]));
  }
  /** The stream is over: its memory is given to others. Nothing may touch its states afterwards. */
  release(): void {
    for (const near of this.#owned) near.release();
    this.#owned = [];
  }
}

function restoreSlot(state: State, slot: string, saved: Snapshot['slots']): void {
  const bytes = saved[slot];
  if (!bytes) {
    throw engineError('ERR_STATE_LAYOUT', `the snapshot has no state slot ${slot}`, {
      expected: 'a snapshot taken from the same pipeline, options and model',
    });
  }
  restoreState(state, bytes);
}
