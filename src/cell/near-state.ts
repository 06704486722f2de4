// A stream's state inside the kernel memory, where a lowered cell works on it in place. The bytes mean the same as in any
// other arena: a snapshot from here restores there, and back.

import { allocate, type Block, kernelMemory, release } from '../kernel/wasm/memory.ts';
import { type Layout, type State, stateBytes, type Views, viewsOf } from './state.ts';

export interface OwnedState<L extends Layout = Layout> {
  readonly state: State<L>;
  /** A copy of its bytes. */
  copy(): Uint8Array;
  /** Gives the bytes back. Nothing may touch the state afterwards: another stream will. */
  release(): void;
}

/** A stream has a dozen of them: one object for all, and `bytes` only when somebody asks (who works on slots never does). */
class NearState<L extends Layout> implements OwnedState<L>, State<L> {
  readonly at: Views<L>;
  readonly #size: number;
  readonly #buffer: ArrayBufferLike;
  #block: Block | undefined;
  #bytes: Uint8Array | undefined;

  constructor(layout: L) {
    this.#size = stateBytes(layout);
    this.#block = allocate(this.#size);
    this.#buffer = this.#block ? kernelMemory().buffer : new ArrayBuffer(this.#size);
    this.at = viewsOf(layout, this.#buffer, this.#block?.address ?? 0);
    this.#view().fill(0);
  }
  get state(): State<L> {
    return this;
  }
  get bytes(): Uint8Array {
    this.#bytes ??= this.#view();
    return this.#bytes;
  }
  copy(): Uint8Array {
    return this.#view().slice();
  }
  release(): void {
    if (this.#block) release(this.#block);
    this.#block = undefined;
  }
  #view(): Uint8Array {
    return new Uint8Array(this.#buffer, this.#block?.address ?? 0, this.#size);
  }
}

/** A zeroed state in the kernel memory; in ordinary memory when there is no room, where a lowered cell copies it in and out. */
export const makeNearState = <L extends Layout>(layout: L): OwnedState<L> => new NearState(layout);
