// One value of one column: forecast, compared with every memory, judged, remembered. Pure arithmetic on the column's views;
// rows, times, alarms and items are anomaly.ts' and alarm.ts' business.

import { hourOfWeek } from './calendar.ts';
import type { ColumnViews } from './column-state.ts';
import { novelty, withinReach } from './novelty.ts';
import { type Expected, predict, remember, usualScale } from './predictor.ts';
import { CAUSES, readStatistics, type Signals, STATISTICS } from './statistics.ts';

export interface Judgement extends Expected {
  /** 0 as usual; 1 is an alarm by default. */
  score: number;
  /** Place in CAUSES of what contributed most. */
  cause: number;
}

/** Nats that served the development half of the benchmark best: they count as 1. */
const ALARM = 1.3;
/** Of the usual deviation: a smaller step is none; and how many of them are standing still (a wave's crest has one). */
const STEP_LEAST = 0.002;
const STILL_STEPS = 3;

/** The statistic that is the value itself. */
const LEVEL = STATISTICS.findIndex(({ cause, rows }) => cause === 'level' && rows === 1);

const statistics = new Float64Array(STATISTICS.length); // scratch
const shares = new Float64Array(CAUSES.length);
const causeOf = STATISTICS.map(({ cause }) => CAUSES.indexOf(cause));
const signals: Signals = { level: NaN, rate: NaN, drift: NaN, week: NaN, still: NaN };

/** @param seconds time of the value, from a midnight on; NaN: unknown */
export function judge(at: ColumnViews, x: number, seconds: number, out: Judgement): void {
  const first = at.count[0] === 0;
  predict(at, x, out);
  const scale = usualScale(at);
  const near = withinReach(at, LEVEL, x);
  signals.level = near;
  signals.rate = first ? NaN : Math.abs(near - withinReach(at, LEVEL, at.lags[0]!));
  signals.drift = first ? NaN : near === x ? out.residual : near - out.value;
  at.stood[0] = signals.rate <= STEP_LEAST * scale ? at.stood[0]! + 1 : 0;
  signals.still = first ? NaN : at.stood[0]! >= STILL_STEPS ? 1 : 0;
  signals.week = hourOfWeek(at, near, seconds);
  readStatistics(at, signals, scale, statistics);
  remember(at, x);
  shares.fill(0);
  let sum = 0;
  for (let k = 0; k < STATISTICS.length; k++) {
    const share = STATISTICS[k]!.weight * novelty(at, k, statistics[k]!);
    shares[causeOf[k]!]! += share;
    sum += share;
  }
  out.score = sum / ALARM;
  out.cause = shares.indexOf(Math.max(...shares));
}
