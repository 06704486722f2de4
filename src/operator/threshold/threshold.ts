// Readings to segments:  in  --vad .1--vad .9--vad .8--gap--vad .2--vad .1--|
//                        out --vad .1--vad .9--vad .8--vad.start--gap--vad .2--vad .1--vad.end--|
// Hysteresis with a least length and a hang time. Readings pass; the segment's start and end are Detections of their own.
// Time counts in grid rows, so the answer does not depend on how fast or in which pieces the stream came.

import { assert } from '../../base/assert.ts';
import { f64 } from '../../cell/state.ts';
import type { Span } from '../../item/item.ts';
import { makeStage } from '../make-stage.ts';
import type { Stage } from '../stage.ts';

export interface ThresholdOptions {
  /** Name of the Detection to watch ('vad'); segments are called `${name}.start` and `${name}.end`. */
  readonly name: string;
  /** Which of its values ('speech'). */
  readonly value: string;
  /** A segment begins with a reading >= on and goes on while readings are >= off; off <= on. */
  readonly on: number;
  readonly off: number;
  /** A segment counts once it is this long; shorter ones are never told of. */
  readonly minOnRows: number;
  /** A segment ends once it has been quiet for this long; shorter pauses belong to it. */
  readonly hangRows: number;
  /** Name of the state arena; needed only when a pipeline has two of these. */
  readonly slot?: string;
}

const LAYOUT = {
  began: f64(1), // first row of the segment under way; NaN: none
  beganPts: f64(1),
  told: f64(1), // 1 once the start has been emitted
  quiet: f64(1), // first row of the pause under way; NaN: none
  peak: f64(1), // highest reading of the segment so far
};

/**
 * start: [began, row by which it was long enough); end: [began, first row of the pause that ended it). values: { peak }.
 * A gap counts as a pause. At end and reset an open segment is closed where its last pause began, or where the stream stands.
 */
export function threshold(options: ThresholdOptions): Stage {
  const { name, value, on, off, minOnRows, hangRows, slot = 'threshold' } = options;
  assert(off <= on && minOnRows >= 0 && hangRows >= 0, 'threshold needs off <= on and no negative lengths');

  return makeStage((context, emit) => {
    const { began, beganPts, told, quiet, peak } = context.state(slot, LAYOUT, ({ at }) => {
      at.began[0] = at.quiet[0] = NaN;
      at.beganPts[0] = at.told[0] = at.peak[0] = 0;
    }).at;
    const open = (): boolean => began[0] === began[0];

    function tell(what: 'start' | 'end', to: number): void {
      const pts = beganPts[0]! as Span['pts'];
      const values = { peak: peak[0]! };
      emit({ kind: 'detection', from: began[0]!, to, pts, name: `${name}.${what}`, values });
    }

    function close(at: number): void {
      if (told[0]) tell('end', quiet[0] === quiet[0] ? quiet[0]! : at);
      began[0] = quiet[0] = NaN;
      told[0] = 0;
    }

    /** A reading that is high enough to open (or keep) a segment. */
    function loud(reading: number, { from, to, pts }: Span): void {
      if (!open()) {
        began[0] = from;
        beganPts[0] = pts;
        peak[0] = reading;
      }
      quiet[0] = NaN;
      peak[0] = Math.max(peak[0]!, reading);
      if (!told[0] && to - began[0]! >= minOnRows) {
        told[0] = 1;
        tell('start', to);
      }
    }

    function pause({ from, to }: Span): void {
      if (!open()) return;
      if (quiet[0] !== quiet[0]) quiet[0] = from;
      if (!told[0] || to - quiet[0]! >= hangRows) close(to);
    }

    return {
      detection(item) {
        emit(item);
        const reading = item.name === name ? item.values[value] : undefined;
        if (reading === undefined) return;
        if (reading >= (open() ? off : on)) loud(reading, item);
        else pause(item); // so does NaN, which is above nothing
      },
      gap(item) {
        emit(item);
        pause(item);
      },
      mark(item) {
        if (item.what !== 'flush') close(item.from);
        emit(item);
      },
    };
  });
}
