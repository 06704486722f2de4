// How far a value is from what its hour of the week usually brings. For streams whose rows have a time; a pattern of any other
// period is left to the one-step forecast. Local time or not does not matter: a shift of the clock moves every hour alike.

export const WEEK_HOURS = 168;
const HOUR_SECONDS = 3600;
/** An hour forgets over some 33 weeks. */
const RATE = 0.03;

interface Hours {
  /** [WEEK_HOURS] each: mean, values seen. */
  readonly week: Float32Array;
  readonly weekCount: Float32Array;
}

/** Compares, then learns. `seconds` from a midnight on; NaN: no time is known, and nothing is learned. NaN: the hour is new. */
export function hourOfWeek({ week, weekCount }: Hours, x: number, seconds: number): number {
  if (seconds !== seconds) return NaN;
  const hour = Math.floor(modulo(seconds, WEEK_HOURS * HOUR_SECONDS) / HOUR_SECONDS);
  const deviation = weekCount[hour]! > 0 ? x - week[hour]! : NaN;
  weekCount[hour] = Math.min(weekCount[hour]! + 1, 1e6);
  week[hour]! += Math.max(RATE, 1 / weekCount[hour]!) * (x - week[hour]!);
  return deviation;
}

const modulo = (a: number, b: number): number => a - b * Math.floor(a / b);
