// A stream's state inside the kernel memory, where a lowered cell works on it in place. The bytes mean the same as in any
// other arena: a snapshot from here restores there, and back.

import { allocate, type Block, kernelMemory, release } from '../kernel/wasm/memory.ts';
import { type Layout, makeState, type State, stateBytes } from './state.ts';

export interface OwnedState<L extends Layout = Layout> {
  readonly state: State<L>;
  /** Gives the bytes back. Nothing may touch the state afterwards: another stream will. */
  release(): void;
}

/** A class, since a stream has a dozen of them. */
class NearState<L extends Layout> implements OwnedState<L> {
  readonly state: State<L>;
  #block: Block | undefined;

  constructor(layout: L) {
    this.#block = allocate(stateBytes(layout));
    this.state = this.#block ? makeState(layout, kernelMemory().buffer, this.#block.address) : makeState(layout);
    this.state.bytes.fill(0);
  }
  release(): void {
    if (this.#block) release(this.#block);
    this.#block = undefined;
  }
}

/** A zeroed state in the kernel memory; in ordinary memory when there is no room, where a lowered cell copies it in and out. */
export const makeNearState = <L extends Layout>(layout: L): OwnedState<L> => new NearState(layout);
