// How new a number is: how far from every place it has been, of the range it has had, and how rarely it has been so far out. Each
// rung of a ladder of distances counts how often it was passed lately; passing it says minus the logarithm of that share: nats of
// surprise, comparable between sensors without a unit of their own. A sensor that is often somewhere new says little each time.
// Places are remembered for MAP_ROWS to twice as many rows: two maps, and the older one makes room.

import { log } from '../../base/math.ts';
import type { ColumnViews } from './column-state.ts';
import { HELD_ROWS, MAP_ROWS, PRIOR, RUNGS, WARM_ROWS } from './options.ts';
import { copyMap, distanceTo, empty, greatest, isEmpty, least, type Maps, mark } from './places.ts';

/** Passages are counted over so many rows. */
const COUNT_ROWS = 1000;
/** Less is none, and no subnormal number either. */
const NOTHING = 1e-6;
/** A range below this share of the values themselves is rounding. */
const ROUNDING = 1e-6;

/** Compares, then learns. Nats of statistic `k`, held for some rows, so that what comes at nearly one time adds up. */
export function novelty(at: ColumnViews, k: number, value: number): number {
  at.held[k] = at.held[k]! > NOTHING ? at.held[k]! * (1 - 1 / HELD_ROWS) : 0;
  if (value !== value) return at.held[k]!;
  at.seen[k]! += 1;
  const nats = climb(at, k, at.seen[k]! === 1 ? 0 : remoteness(at, k, value));
  if (at.seen[k]! > WARM_ROWS) at.held[k] = Math.max(at.held[k]!, nats);
  const [now, before] = [2 * k, 2 * k + 1];
  mark(at, now, value);
  at.mapped[k]! += 1;
  if (at.mapped[k]! >= MAP_ROWS) {
    copyMap(at, now, before);
    empty(at, now);
    at.mapped[k] = 0;
  }
  return at.held[k]!;
}

/** Distance from the nearest place in either map, in ranges. */
function remoteness(maps: Maps, k: number, value: number): number {
  let [low, high, near] = [value, value, Infinity];
  for (let map = 2 * k; map < 2 * k + 2; map++) {
    if (isEmpty(maps, map)) continue;
    low = Math.min(low, least(maps, map));
    high = Math.max(high, greatest(maps, map));
    near = Math.min(near, distanceTo(maps, map, value));
  }
  const range = Math.max(high - low, ROUNDING * Math.max(Math.abs(low), Math.abs(high)));
  return range > 0 ? near / range : 0;
}

function climb({ passed, seen }: ColumnViews, k: number, remote: number): number {
  const rows = Math.min(seen[k]! + 1, COUNT_ROWS);
  let nats = 0;
  for (let rung = 0; rung < RUNGS.length; rung++) {
    const at = k * RUNGS.length + rung;
    passed[at] = Math.max(passed[at]! * (1 - 1 / COUNT_ROWS), NOTHING);
    if (!(remote > RUNGS[rung]!)) continue;
    nats -= log(Math.min(1, Math.max(passed[at]!, PRIOR / 2) / rows)) / RUNGS.length;
    passed[at]! += 1;
  }
  return nats;
}
