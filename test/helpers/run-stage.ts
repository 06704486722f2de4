// Runs a stage the way a session does: one stream, arenas by slot name, a clock that the test moves. Also the two laws that
// every stage obeys: any chunking gives the same items, and a snapshot taken between two items resumes bitwise.

import { Subject } from 'rxjs';
import { expect } from 'vitest';
import { micros, streamId } from '../../src/base/units.ts';
import { type Layout, makeState, restoreState, type State } from '../../src/cell/state.ts';
import type { Item } from '../../src/item/item.ts';
import type { Stage, StreamContext } from '../../src/operator/stage.ts';
import { cutRandomly, printed, RATE_HZ, seeded } from './items.ts';

export type Arenas = ReadonlyMap<string, Uint8Array>;

export interface Stream {
  /** Feeds items; returns what came out. Throws what the stage threw. */
  push(...items: Item[]): Item[];
  snapshot(): Arenas;
  /** Sum of all arenas. */
  stateBytes(): number;
  clock: { nowUs: number };
}

/** @param makeArena where states lie: in memory of their own, or in the kernel memory (makeNearState) */
export function openStream(
  stages: Stage | readonly Stage[],
  restored?: Arenas,
  makeArena: <L extends Layout>(layout: L) => State<L> = makeState,
): Stream {
  const arenas = new Map<string, State>();
  const clock = { nowUs: 0 };
  const context: StreamContext = {
    id: streamId('test'),
    clock: { now: () => micros(clock.nowUs) },
    signal: new AbortController().signal,
    state(slot, layout, init) {
      if (arenas.has(slot)) throw new Error(`two stages ask for the arena "${slot}"`);
      const state = makeArena(layout);
      state.bytes.fill(0xff); // init must set what it needs: an arena may be dirty
      const bytes = restored?.get(slot);
      if (bytes) restoreState(state, bytes);
      else init(state);
      arenas.set(slot, state);
      return state;
    },
    busy() {},
  };
  const out: Item[] = [];
  let failure: unknown;
  const input = new Subject<Item>();
  const stageList = typeof stages === 'function' ? [stages] : stages;
  stageList
    .reduce((source, stage) => stage(context)(source), input.asObservable())
    .subscribe({
      next: (item) => out.push(item),
      error: (thrown) => {
        failure = thrown;
      },
    });
  return {
    push(...items) {
      for (const item of items) input.next(item);
      if (failure !== undefined) throw failure;
      return out.splice(0);
    },
    snapshot: () => new Map([...arenas].map(([slot, state]) => [slot, state.bytes.slice()])),
    stateBytes: () => [...arenas.values()].reduce((sum, state) => sum + state.bytes.length, 0),
    clock,
  };
}

export const runStage = (stages: Stage | readonly Stage[], items: readonly Item[]): Item[] =>
  openStream(stages).push(...items);

/** Any splitting of the rows gives the same items, byte for byte. `runs` random splits. */
export function expectChunkInvariant(
  stages: Stage | readonly Stage[],
  items: readonly Item[],
  { runs = 200, seed = 1, rateHz = RATE_HZ } = {},
): void {
  const whole = printed(runStage(stages, items));
  const random = seeded(seed);
  for (let run = 0; run < runs; run++) {
    const pieces = cutRandomly(items, random, rateHz);
    expect(printed(runStage(stages, pieces)), `split ${run} of seed ${seed}`).toEqual(whole);
  }
}

/** Stopping after any number of items and going on from a snapshot of the arenas changes nothing, byte for byte. */
export function expectResumable(
  stages: Stage | readonly Stage[],
  items: readonly Item[],
  { runs = 200, seed = 1, rateHz = RATE_HZ } = {},
): void {
  const random = seeded(seed);
  for (let run = 0; run < runs; run++) {
    const pieces = cutRandomly(items, random, rateHz);
    const cut = Math.floor(random() * (pieces.length + 1));
    const first = openStream(stages);
    const before = first.push(...pieces.slice(0, cut));
    const second = openStream(stages, first.snapshot());
    const after = second.push(...pieces.slice(cut));
    const whole = runStage(stages, pieces);
    expect(printed([...before, ...after]), `cut ${cut} of run ${run}, seed ${seed}`).toEqual(printed(whole));
    expect(second.stateBytes()).toBe(first.stateBytes());
  }
}
