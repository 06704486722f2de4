// The segment under way: when it opens, when it is told of, when it ends. State in an arena; who reads what from where, and the
// promises about gaps: threshold.ts.

import { micros } from '../../base/units.ts';
import { f64, type Views } from '../../cell/state.ts';
import type { Span } from '../../item/item.ts';
import { ptsOf } from '../../item/timeline.ts';
import type { Emit } from '../make-stage.ts';

export interface ThresholdOptions {
  /** Name of the Detection to watch ('vad'); segments are called `${name}.start` and `${name}.end`. */
  readonly name: string;
  /** Which of its values ('speech'). */
  readonly value: string;
  /** A segment begins with a reading >= on and goes on while readings are >= off; off <= on. */
  readonly on: number;
  readonly off: number;
  /** A segment counts once it is loud for this long; shorter ones are never told of. */
  readonly minOnRows: number;
  /** A segment ends once it has been quiet for this long, and is told of then; shorter pauses belong to it. */
  readonly hangRows: number;
  /**
   * A segment also ends once what its readings lack of `under`, times their rows and never below 0 in sum (Page's CUSUM, 1954),
   * reaches `rows`: at once when they fall to nothing, later when they waver, and also where noise keeps them above `off`. The
   * end is counted from where the sum began to grow. Default: never. No single reading lacks more than `most` (default: all
   * that it does): then time is asked for, whatever readings fall to, and those that waver end nearly as soon.
   */
  readonly lack?: { readonly under: number; readonly rows: number; readonly most?: number };
  /** `from` lies so much before the first loud reading, but in no gap and in no other segment. Default 0; needs `rateHz`. */
  readonly preRollRows?: number;
  /** The end's `to` lies so much behind the last loud reading, but not behind what has come. At most hangRows. Default 0. */
  readonly tailRows?: number;
  /** Grid rows per second: for the time of a `from` that lies before the reading. */
  readonly rateHz?: number;
  /** drop: the readings that are watched go no further. Default pass. */
  readonly readings?: 'pass' | 'drop';
  /** Name of the state arena; needed only when a pipeline has two of these. */
  readonly slot?: string;
}

export const SEGMENT_LAYOUT = {
  began: f64(1), // first row of the segment under way; NaN: none
  beganPts: f64(1), // microseconds of that row
  loud: f64(1), // its first loud row: what the least length counts from
  told: f64(1), // 1 once the start has been emitted
  quiet: f64(1), // first row of the pause under way; NaN: none
  peak: f64(1), // highest reading of the segment so far
  lack: f64(1), // what readings lack, summed
  fading: f64(1), // row from which on that grows; NaN: it is 0
  free: f64(1), // rows before this one are another segment's, a gap's or nobody's: no pre-roll reaches there
};
type SegmentState = Views<typeof SEGMENT_LAYOUT>;

export function startSegments(at: SegmentState): void {
  at.began[0] = at.quiet[0] = at.fading[0] = NaN;
  at.lack[0] = at.beganPts[0] = at.loud[0] = at.told[0] = at.peak[0] = at.free[0] = 0;
}

export interface Segment {
  /** Whether one is under way. */
  isOpen(): boolean;
  /** A reading that is high enough to open or keep one. */
  loud(reading: number, span: Span): void;
  /** A reading that is not. */
  pause(span: Span): void;
  /** Each reading, behind one of these two: what it lacks may end the segment. */
  weigh(reading: number, span: Span): void;
  /** Rows that nobody heard: a pause whose length is known only behind it. Emits nothing. */
  gap(span: Span): void;
  /** What comes next starts at `row`: a pause of a gap that was long enough has ended the segment. */
  settle(row: number): void;
  /** Ends what is under way; no pre-roll reaches before `row`. */
  stop(row: number): void;
}

export function openSegment(at: SegmentState, options: ThresholdOptions, emit: Emit): Segment {
  const { name, minOnRows, hangRows, lack: limit, preRollRows = 0, tailRows = 0, rateHz = 0 } = options;
  const { began, beganPts, loud, told, quiet, peak, lack, fading, free } = at;
  const isOpen = (): boolean => began[0] === began[0];
  const isQuiet = (): boolean => quiet[0] === quiet[0];

  function tell(what: 'start' | 'end', to: number): void {
    const values = { peak: peak[0]! };
    emit({ kind: 'detection', from: began[0]!, to, pts: micros(beganPts[0]!), name: `${name}.${what}`, values });
  }

  /** Ends the segment, as known at `row`; its sound ended at `last`, or goes on for NaN. */
  function close(row: number, last = quiet[0]!): void {
    if (told[0]) {
      const to = last === last ? Math.min(last + tailRows, row) : row;
      tell('end', to);
      free[0] = to;
    }
    began[0] = quiet[0] = fading[0] = NaN;
    told[0] = lack[0] = 0;
  }

  function open(reading: number, { from, pts }: Span): void {
    began[0] = Math.min(from, Math.max(from - preRollRows, free[0]!));
    beganPts[0] = began[0] === from ? pts : ptsOf(began[0]!, rateHz);
    loud[0] = from;
    peak[0] = reading;
  }

  return {
    isOpen,
    loud(reading, span) {
      if (!isOpen()) open(reading, span);
      quiet[0] = NaN;
      peak[0] = Math.max(peak[0]!, reading);
      if (told[0] || span.to - loud[0]! < minOnRows) return;
      told[0] = 1;
      tell('start', span.to);
    },
    pause({ from, to }) {
      if (!isOpen()) return;
      if (!isQuiet()) quiet[0] = from;
      if (!told[0] || to - quiet[0]! >= hangRows) close(to);
    },
    weigh(reading, { from, to }) {
      if (!limit || !isOpen()) return;
      const lacking = reading === reading ? limit.under - reading : limit.under;
      lack[0] = Math.max(0, lack[0]! + Math.min(lacking, limit.most ?? Infinity) * (to - from));
      if (lack[0] === 0) fading[0] = NaN;
      else if (fading[0] !== fading[0]) fading[0] = from;
      if (lack[0]! >= limit.rows) close(to, fading[0]!);
    },
    gap({ from, to }) {
      if (isOpen() && !isQuiet()) quiet[0] = from;
      if (!told[0]) close(from);
      free[0] = to;
    },
    settle(row) {
      if (isQuiet() && row - quiet[0]! >= hangRows) close(row);
    },
    stop(row) {
      close(row);
      free[0] = row;
    },
  };
}
