// Is a sensor stuck, outside of what it can measure, or creeping away? A creeping mean is no step: its fast mean (128 rows) leaves
// the slow one (8192 rows) by more than it ever does, for longer than an accident lasts.

import type { ColumnViews } from './column-state.ts';

/** 'begins' or 'ends' for a state that lasts; undefined: as before. */
type Turn = 'begins' | 'ends' | undefined;

/** One value for `stuckRows` rows, where it has never stood still for a quarter of that. */
export function testStuck(at: ColumnViews, x: number, row: number, stuckRows: number): Turn {
  const { last, runFrom, run, longest, stuck } = at;
  if (x === last[0]) {
    run[0]! += 1;
    if (stuck[0] || run[0]! < Math.max(stuckRows, 4 * longest[0]!)) return undefined;
    stuck[0] = 1;
    return 'begins';
  }
  longest[0] = Math.max(stuck[0] ? 0 : run[0]!, longest[0]! * (1 - 1e-5)); // forgets over some 100,000 runs
  run[0] = 1;
  runFrom[0] = row;
  const ended = stuck[0] === 1;
  stuck[0] = 0;
  return ended ? 'ends' : undefined;
}

export function testRange({ outside }: ColumnViews, x: number, low: number, high: number): Turn {
  const isOutside = x < low || x > high ? 1 : 0;
  if (isOutside === outside[0]) return undefined;
  outside[0] = isOutside;
  return isOutside ? 'begins' : 'ends';
}

const FAST = 2 / 129;
const SLOW_ROWS = 8192;
const TREND_LEARN = 2000;
/** Beyond this the distance teaches no more: else a creeping mean would soon be usual. */
const LEARNED = 1.5;
const BEYOND = 6; // 4.6 deviations of a Gaussian, whose deviation is learned as 0.76 of itself
const BEYOND_ROWS = 96;

export function testTrend(at: ColumnViews, x: number): Turn {
  const { fast, slow, distance, trendCount, beyond, trending } = at;
  if (trendCount[0] === 0) {
    fast[0] = slow[0] = x;
    distance[0] = 0;
  }
  trendCount[0]! += 1;
  fast[0]! += Math.max(FAST, 1 / trendCount[0]!) * (x - fast[0]!);
  const apart = fast[0]! - slow[0]!;
  const scale = Math.sqrt(distance[0]!) + 1e-9 * (1 + Math.abs(slow[0]!));
  const far = trendCount[0]! > TREND_LEARN && Math.abs(apart) > BEYOND * scale;
  const rate = Math.max(1 / SLOW_ROWS, 1 / trendCount[0]!);
  slow[0]! += rate * (x - slow[0]!);
  const learned = trendCount[0]! > TREND_LEARN / 4 ? Math.min(Math.abs(apart), LEARNED * scale) : apart;
  distance[0]! += rate * (learned * learned - distance[0]!);
  beyond[0] = far ? beyond[0]! + 1 : 0;
  if (!trending[0] && beyond[0]! >= BEYOND_ROWS) {
    trending[0] = 1;
    return 'begins';
  }
  if (!trending[0] || Math.abs(apart) > (BEYOND / 2) * scale) return undefined;
  trending[0] = 0;
  return 'ends';
}
