// All state of one stream, by slot name: fresh, or restored from a snapshot. It lies in the kernel memory, where the cells
// work on it in place. Bytes are copied in and out, never shared.

import { assert } from '../base/assert.ts';
import { engineError } from '../base/errors.ts';
import { makeNearState, type OwnedState } from '../cell/near-state.ts';
import { type Layout, restoreState, type State } from '../cell/state.ts';
import type { Snapshot } from '../item/snapshot.ts';

export interface Arenas {
  state<L extends Layout>(slot: string, layout: L, init: (state: State<L>) => void): State<L>;
  /** After this no slot can be added: a stream's state has its final size before the first row. */
  seal(): void;
  bytes(): number;
  copy(): Record<string, Uint8Array>;
  /** The stream is over: its memory is given to others. Nothing may touch its states afterwards. */
  release(): void;
}

export function createArenas(saved: Snapshot['slots'] | undefined): Arenas {
  const states = new Map<string, State>();
  const owned: OwnedState[] = [];
  let sealed = false;
  return {
    state(slot, layout, init) {
      assert(!sealed, 'a stage asked for state after its stream began');
      assert(!states.has(slot), 'two stages of one pipeline use the same state slot');
      const near = makeNearState(layout);
      owned.push(near);
      const { state } = near;
      init(state);
      if (saved) restoreSlot(state, slot, saved);
      states.set(slot, state);
      return state;
    },
    seal() {
      sealed = true;
    },
    bytes: () => [...states.values()].reduce((sum, state) => sum + state.bytes.length, 0),
    release() {
      for (const state of owned.splice(0)) state.release();
    },
    copy: () => {
      assert(owned.length === states.size, 'a snapshot of a stream that was closed');
      return Object.fromEntries([...states].map(([slot, state]) => [slot, state.bytes.slice()]));
    },
  };
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
