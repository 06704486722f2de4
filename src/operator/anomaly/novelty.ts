// How new a number is: how far from every place it has been, of the range it has had, and how rarely it has been so far out. Each
// rung of a ladder of distances counts how often it was passed lately; passing it says minus the logarithm of that share: nats of
// surprise, comparable between sensors without a unit of their own. A sensor that is often somewhere new says little each time.
// Places are remembered for MAP_ROWS to twice as many rows: two maps, and the older one makes room.

import { log } from '../../base/math.ts';
import type { ColumnViews } from './column-state.ts';
import { HELD_ROWS, MAP_ROWS, PRIOR, RUNGS, WARM_ROWS } from './options.ts';
import { copyMap, distanceTo, empty, greatest, least, type Maps, mark } from './places.ts';

/** Passages are counted over so many rows. */
const COUNT_ROWS = 1000;
/** Ranges beyond the range: one number alone that is so far out is told but not remembered as a place, the second in a row is. */
const FAR = 10;
/** Less is none, and no subnormal number either. */
const NOTHING = 1e-6;
/** A range below this share of the values themselves is rounding. */
const ROUNDING = 1e-6;

/**
 * `value`, or as near to it as FAR ranges of statistic `k` beyond where that has been: what a glitch of 1e30 leaves behind in
 * memories of rates and errors must not hide what comes after it.
 */
export function withinReach(at: ColumnViews, k: number, value: number): number {
  if (at.seen[k]! <= WARM_ROWS) return value;
  const [low, high] = [lowest(at, k), highest(at, k)];
  const reach = FAR * (high - low);
  return reach > 0 ? Math.min(Math.max(value, low - reach), high + reach) : value;
}

/** Compares, then learns. Nats of statistic `k`, held for some rows, so that what comes at nearly one time adds up. */
export function novelty(at: ColumnViews, k: number, value: number): number {
  at.held[k] = at.held[k]! > NOTHING ? at.held[k]! * (1 - 1 / HELD_ROWS) : 0;
  if (value !== value) return at.held[k]!;
  at.seen[k]! += 1;
  const remote = at.seen[k]! === 1 ? 0 : remoteness(at, k, value);
  const nats = climb(at, k, remote);
  if (at.seen[k]! > WARM_ROWS) at.held[k] = Math.max(at.held[k]!, nats);
  const [now, before] = [2 * k, 2 * k + 1];
  const far = at.seen[k]! > WARM_ROWS && remote >= FAR / (1 + FAR);
  if (!far || at.away[k] === 1) mark(at, now, value);
  at.away[k] = far ? 1 : 0;
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
  const near = Math.min(distanceTo(maps, 2 * k, value), distanceTo(maps, 2 * k + 1, value));
  const low = Math.min(lowest(maps, k), value);
  const high = Math.max(highest(maps, k), value);
  const range = Math.max(high - low, ROUNDING * Math.max(Math.abs(low), Math.abs(high)));
  return range > 0 ? near / range : 0;
}

const lowest = (maps: Maps, k: number): number => Math.min(least(maps, 2 * k), least(maps, 2 * k + 1));
const highest = (maps: Maps, k: number): number => Math.max(greatest(maps, 2 * k), greatest(maps, 2 * k + 1));

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
