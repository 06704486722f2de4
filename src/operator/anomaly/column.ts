// One value of one column: forecast, compared with every memory, judged, remembered. Pure arithmetic on the column's views;
// rows, times, alarms and items are anomaly.ts' and alarm.ts' business.

import { log1p } from '../../base/math.ts';
import { calendar } from './calendar.ts';
import type { ColumnViews } from './column-state.ts';
import { type Expected, predict, remember } from './predictor.ts';
import { CAUSES, readStatistics, type Signals, STATISTICS } from './statistics.ts';
import { surprises } from './surprise.ts';

export interface Judgement extends Expected {
  /** 0 as usual; 1 is an alarm by default. */
  score: number;
  /** Place in CAUSES of what contributed most. */
  cause: number;
}

/** The score that served the development half of the benchmark best: counts as 1. */
const ALARM = 0.22;

const statistics = new Float64Array(STATISTICS.length); // scratch
const shares = new Float64Array(CAUSES.length);
const causeOf = STATISTICS.map(({ cause }) => CAUSES.indexOf(cause));
const signals: Signals = { level: NaN, spread: NaN, rate: NaN, error: NaN, drift: NaN, day: NaN, week: NaN };
const deviations = { day: NaN, week: NaN };

/** @param seconds time of the value, from a midnight on; NaN: unknown */
export function judge(at: ColumnViews, x: number, seconds: number, out: Judgement): void {
  const first = at.count[0] === 0;
  predict(at, x, out);
  calendar(at, x, seconds, deviations);
  signals.level = signals.spread = x;
  signals.rate = first ? NaN : Math.abs(x - at.lags[0]!);
  signals.error = first ? NaN : Math.abs(out.residual);
  signals.drift = first ? NaN : out.residual;
  signals.day = deviations.day;
  signals.week = deviations.week;
  readStatistics(at, signals, statistics);
  surprises(at, statistics);
  remember(at, x);
  shares.fill(0);
  let sum = 0;
  for (let k = 0; k < statistics.length; k++) {
    const share = log1p(statistics[k]! * statistics[k]!);
    shares[causeOf[k]!]! += share;
    sum += share;
  }
  out.score = sum / statistics.length / ALARM;
  out.cause = shares.indexOf(Math.max(...shares));
}
