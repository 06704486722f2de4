// Who watches a stream: told of its results, gaps and end, so that somebody can count. Absent, nothing is measured.

import type { GapCause } from '../item/item.ts';

export interface StreamMeter {
  /** A result went out. @param us microseconds from the arrival of its chunk to the socket taking it. Called for every one */
  result(us: number): void;
  gap(why: GapCause, rows: number): void;
  /** Called once. */
  closed(): void;
}

/** Called when a stream is open. @param stateBytes what its state takes */
export type OpenMeter = (pipeline: string, stateBytes: number) => StreamMeter;
