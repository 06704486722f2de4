// Turns of work for all streams of a process: each one with something waiting gets a bounded share, then the next, and after
// a bounded round the event loop runs. So one loud stream can starve neither the others nor the sockets: who waits for its
// turn waits for the turns before it, never for another's whole backlog. Knows no session; who works: transport/bridge.ts.

import type { Clock, Micros } from '../base/units.ts';

/** Does at most `itemsMax` items, none begun at or after `until`. True: it wants another turn. Must not throw. */
export type Turn = (itemsMax: number, until: Micros) => boolean;

export interface Seat {
  /** There may be work. Cheap, may be called for every message. */
  wake(): void;
  /** No turn until `wake`. */
  rest(): void;
}

export interface Pump {
  join(turn: Turn): Seat;
}

/** Items of one stream per turn: with ROUND_US, what a stream can wait for each other one before it. */
export const ITEMS_PER_TURN = 16;
/** After this long a turn ends, whatever is left: 10 hops of vad at 50 us. One item is always done. */
export const TURN_US = 500;
/** After this long the sockets get in: what a message can wait to be read, beside the turn under way. */
export const ROUND_US = 2000;

interface Place extends Seat {
  readonly turn: Turn;
  queued: boolean;
  wanted: boolean;
}

/** @param defer runs a function after the event loop has looked at the sockets; for tests, which count turns */
export function createPump(clock: Clock, defer: (round: () => void) => void = setImmediate): Pump {
  /** In order of their next turn, each once. */
  let queue: Place[] = [];
  let scheduled = false;

  function enter(place: Place): void {
    if (!place.queued) queue.push(place);
    place.queued = true;
  }
  function schedule(): void {
    if (scheduled || queue.length === 0) return;
    scheduled = true;
    defer(round);
  }
  function round(): void {
    scheduled = false;
    const round = queue;
    queue = [];
    let now = clock.now();
    const end = now + ROUND_US;
    let served = 0;
    while (served < round.length && (served === 0 || now < end)) {
      const place = round[served++]!;
      place.queued = false;
      if (!place.wanted) continue;
      place.wanted = false;
      if (place.turn(ITEMS_PER_TURN, (now + TURN_US) as Micros)) {
        place.wanted = true;
        enter(place);
      }
      now = clock.now();
    }
    if (served < round.length) queue = [...round.slice(served), ...queue];
    schedule();
  }
  return {
    join(turn) {
      const place: Place = {
        turn,
        queued: false,
        wanted: false,
        wake() {
          place.wanted = true;
          enter(place);
          schedule();
        },
        rest() {
          place.wanted = false;
        },
      };
      return place;
    },
  };
}
