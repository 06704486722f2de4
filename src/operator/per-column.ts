// A stage's state by column: every slot holds all columns behind one another, and what works on one column wants its part of
// each. Made once per stream.

import type { Layout, State, Views } from '../cell/state.ts';

/** Slots [width, ...] of a state as one set of views per column. */
export function perColumn<L extends Layout>(state: State<L>, width: number): Views<L>[] {
  if (width === 1) return [state.at]; // most streams of a fleet: views of views would cost each of them kilobytes
  return Array.from({ length: width }, (_, column) => {
    const views = Object.entries(state.at).map(([name, view]) => {
      const size = view.length / width;
      return [name, view.subarray(column * size, (column + 1) * size)] as const;
    });
    return Object.fromEntries(views) as unknown as Views<L>;
  });
}
