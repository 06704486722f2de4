// The process's clock: monotonic microseconds. The only place that reads one.

import type { Clock, Micros } from '../base/units.ts';

export const systemClock: Clock = { now: () => Math.round(performance.now() * 1000) as Micros };
