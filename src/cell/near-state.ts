// A stream's state inside the kernel memory, where a lowered cell works on it in place. The bytes mean the same as in any
// other arena: a snapshot from here restores there, and back.

import { allocate, kernelMemory, release } from '../kernel/wasm/memory.ts';
import { type Layout, makeState, type State, stateBytes } from './state.ts';

export interface OwnedState<L extends Layout = Layout> {
  readonly state: State<L>;
  /** Gives the bytes back. Nothing may touch the state afterwards: another stream will. */
  release(): void;
}

/** A zeroed state in the kernel memory; in ordinary memory when there is no room, where a lowered cell copies it in and out. */
export function makeNearState<L extends Layout>(layout: L): OwnedState<L> {
  const size = stateBytes(layout);
  const block = allocate(size);
  if (!block) return { state: makeState(layout), release: () => undefined };
  const state = makeState(layout, kernelMemory().buffer, block.address);
  state.bytes.fill(0);
  let owned = true;
  return {
    state,
    release() {
      if (owned) release(block);
      owned = false;
    },
  };
}
