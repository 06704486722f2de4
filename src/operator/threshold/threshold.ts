// Readings to segments:  in  --vad .1--vad .9--vad .8--gap--vad .2--vad .1--|
//                        out --vad .1--vad .9--vad .8--vad.start--gap--vad .2--vad .1--vad.end--|
// Hysteresis with a least length, a hang time and, if asked for, an end as soon as enough speaks for it; for who listens live, a
// segment can begin before and last beyond what was loud. Readings pass; the segment's start and end are Detections of their
// own. Time counts in grid rows, so the answer does not depend on how fast or in which pieces the stream came, nor on the
// pieces in which a gap was declared. See segment.ts.

import { assert } from '../../base/assert.ts';
import { makeStage } from '../make-stage.ts';
import type { Stage } from '../stage.ts';
import { openSegment, SEGMENT_LAYOUT, startSegments, type ThresholdOptions } from './segment.ts';

/**
 * start: [began, row by which it was long enough); end: [began, first row of the pause that ended it, and the tail). values:
 * { peak }, of both: the highest reading so far. A gap counts as a pause; one that is long enough ends the segment in front of
 * what comes behind it. At end and reset an open segment is closed where its last pause began, or where the stream stands.
 * State: 72 bytes.
 */
export function threshold(options: ThresholdOptions): Stage {
  const { name, value, on, off, minOnRows, hangRows, slot = 'threshold' } = options;
  const { preRollRows = 0, tailRows = 0, rateHz = 0, lack, readings = 'pass' } = options;
  assert(off <= on && minOnRows >= 0 && hangRows >= 0, 'threshold needs off <= on and no negative lengths');
  assert(
    !lack || (lack.under > 0 && lack.under <= on && lack.rows > 0 && !(lack.most !== undefined && !(lack.most > 0))),
    'threshold needs lack above 0 and not over on',
  );
  assert(preRollRows === 0 || (preRollRows > 0 && rateHz > 0), 'threshold needs rateHz for a pre-roll');
  assert(tailRows >= 0 && tailRows <= hangRows, 'threshold needs a tail between 0 and the hang time');

  return makeStage(
    (context, emit) => {
      const { at } = context.state(slot, SEGMENT_LAYOUT, (state) => startSegments(state.at));
      const segment = openSegment(at, options, emit);
      return {
        detection(item) {
          const reading = item.name === name ? item.values[value] : undefined;
          if (reading === undefined) return emit(item);
          segment.settle(item.from);
          if (readings === 'pass') emit(item);
          if (reading >= (segment.isOpen() ? off : on)) segment.loud(reading, item);
          else segment.pause(item); // so does NaN, which is above nothing
          segment.weigh(reading, item);
        },
        gap(item) {
          emit(item);
          segment.gap(item);
        },
        mark(item) {
          if (item.what !== 'flush') segment.stop(item.from);
          emit(item);
        },
      };
    },
    [
      { op: `${name}.start`, values: ['peak'] },
      { op: `${name}.end`, values: ['peak'] },
    ],
  );
}
