// The cells of a stack in the order they run, each with its norm and the name of its state: what the plain form and the
// lowered one share.

import type { Block, Sublayer } from './params.ts';

export interface Layer extends Sublayer {
  /** Of its state in the stack's. */
  readonly name: string;
  /** A gated MLP behind it: kept beside its mixer, for it has no state. */
  readonly mlp?: Block['mlp'];
}

export function cellsOf({ norm, normBias, mixer, mlp, feedForward }: Block, index: number): Layer[] {
  const name = `layers.${index}`;
  const first: Layer = { name, norm, cell: mixer, ...(normBias ? { normBias } : {}), ...(mlp ? { mlp } : {}) };
  return feedForward ? [first, { name: `${name}.feed_forward`, ...feedForward }] : [first];
}
