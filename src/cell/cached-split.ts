// The parts of a state made by `joinLayouts`, for a cell that is put together from cells: split at the first row of a
// stream, looked up at every later one. Next: state.ts.

import { type Layout, type State, splitState } from './state.ts';

/** A split for these layouts. Kept for each state as long as the state lives: views cost 1 us to make and nothing to keep. */
export function cachedSplit(layouts: Readonly<Record<string, Layout>>): (whole: State) => readonly State[] {
  const cache = new WeakMap<State, readonly State[]>();
  return (whole) => {
    let split = cache.get(whole);
    if (!split) {
      split = splitState(layouts, whole);
      cache.set(whole, split);
    }
    return split;
  };
}
