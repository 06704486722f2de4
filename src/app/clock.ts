// The process's clock: monotonic microseconds; and the time of day, for rows that come without one.

import type { Clock, Micros } from '../base/units.ts';

export const systemClock: Clock = { now: () => Math.round(performance.now() * 1000) as Micros };

/** Microseconds since 1970, whole milliseconds. */
export const wallClockUs = (): number => Date.now() * 1000;
