// The anomaly under way: it begins where the score rose to half of the threshold, is told once a candidate reaches the threshold,
// and ends after HANG_ROWS rows below half of it. What it tells at its end is of its peak. What is worse than a told one by enough
// to be told itself (alarm.ts), and not just its rise, ends it and is an anomaly of its own: a great one in a small one's wake. One
// that was never told and is outdone by far is forgotten: what is told did not begin with it.

import { micros } from '../../base/units.ts';
import { f64, type Views } from '../../cell/state.ts';
import type { Span } from '../../item/item.ts';
import type { Emit } from '../make-stage.ts';
import type { Judgement } from './column.ts';
import { HANG_ROWS } from './options.ts';

/** By so much, in one row, that it is not the same thing getting worse. */
const OUTDONE = 3;

export const EPISODE_LAYOUT = {
  /** First row and its microseconds; NaN: none is under way. */
  began: f64(1),
  beganPts: f64(1),
  /** 1 once told, and the row that told it. */
  told: f64(1),
  toldRow: f64(1),
  /** Row behind the last one above half of the threshold. */
  loud: f64(1),
  /** Worst row and what was found there: score, column, cause, value, expected, lower, upper. */
  peakRow: f64(1),
  peak: f64(7),
};
export type EpisodeViews = Views<typeof EPISODE_LAYOUT>;

export function initEpisode(at: EpisodeViews): void {
  for (const view of Object.values(at)) view.fill(0);
  at.began[0] = NaN;
}

/** Of the column that is worst in a row. */
export interface Worst extends Judgement {
  column: number;
  /** The value as it came. */
  came: number;
}

export interface Episode {
  row(worst: Worst, alarm: number, span: Span): void;
  /** Ends what is under way. */
  stop(): void;
}

export function openEpisode(at: EpisodeViews, threshold: number, emit: Emit): Episode {
  const { began, beganPts, told, toldRow, loud, peakRow, peak } = at;

  function tell(what: 'start' | 'end', to: number): void {
    const [score, column, cause, value, expected, lower, upper] = Array.from(peak, Math.fround);
    emit({
      kind: 'detection',
      name: `anomaly.${what}`,
      from: began[0]!,
      to,
      pts: micros(beganPts[0]!),
      values: {
        ...{ score: score!, column: column!, cause: cause!, value: value! },
        ...{ expected: expected!, lower: lower!, upper: upper! },
        ...(what === 'end' ? { peak: peakRow[0]! - began[0]! } : {}),
      },
    });
  }

  function stop(): void {
    if (told[0]) tell('end', loud[0]!);
    initEpisode(at);
  }

  return {
    stop,
    row(worst, alarm, { from, to, pts }) {
      if (alarm >= threshold && told[0] && from - toldRow[0]! > HANG_ROWS) {
        loud[0] = from;
        stop();
      }
      let isOpen = began[0] === began[0];
      if (isOpen && !told[0] && worst.score > OUTDONE * peak[0]!) {
        initEpisode(at);
        isOpen = false;
      }
      if (worst.score >= threshold / 2) {
        if (!isOpen) {
          began[0] = from;
          beganPts[0] = pts;
        }
        loud[0] = to;
        if (!isOpen || worst.score > peak[0]!) {
          const { score, column, cause, came, value, lower, upper } = worst;
          peak.set([score, column, cause, came, value, lower, upper]);
          peakRow[0] = from;
        }
      } else if (isOpen && to - loud[0]! >= HANG_ROWS) stop();
      if (alarm < threshold || told[0] || began[0] !== began[0]) return;
      told[0] = 1;
      toldRow[0] = from;
      tell('start', to);
    },
  };
}
