// detect: names what a cell's output columns mean.
//   in  --chunk [p0]--chunk [p1]--gap--
//   out --vad {speech: p0}--vad {speech: p1}--gap--
// One Detection per row; values are copied, so the chunk's memory is free again.

import { assert } from '../../base/assert.ts';
import { ptsOf } from '../../item/timeline.ts';
import { type Emit, type ItemHandlers, makeStage } from '../make-stage.ts';
import type { Stage, StreamContext } from '../stage.ts';

export interface DetectOptions {
  /** What the readings are called on the wire: `op` of the result. */
  readonly name: string;
  /** One name per column, in order. */
  readonly values: readonly string[];
  /** Grid rows that one chunk row covers. */
  readonly spanRows: number;
  /** Grid rows per second, for the time of each row. */
  readonly rateHz: number;
}

/** Chunk [rows, values.length] -> `rows` Detections. The last row of a stream may cover fewer than `spanRows` grid rows. */
export function detect(options: DetectOptions): Stage {
  const { name, values: names, spanRows, rateHz } = options;
  const open = (_context: StreamContext, emit: Emit): ItemHandlers => ({
    chunk(item) {
      assert(item.width === names.length, 'detect was given another number of columns than names');
      for (let row = 0; row < item.rows; row++) {
        const from = item.from + row * spanRows;
        const to = Math.min(from + spanRows, item.to);
        const values: Record<string, number> = {};
        for (let i = 0; i < names.length; i++) values[names[i]!] = item.data[row * item.width + i]!;
        emit({ kind: 'detection', from, to, pts: ptsOf(from, rateHz), name, values });
      }
    },
  });
  return makeStage(open, [{ op: name, values: names }]);
}
