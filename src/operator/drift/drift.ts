// Is the sensor well?  in  --rows--rows--gap--rows--|   out  --rows--ro-D-ws--gap--rows--|
// Rows go on, cut where D comes in: in front of the row that decided it, so that no order hangs on how rows were cut before.
// D: `drift.stuck`, `drift.range`, `drift.trend` {column, value, on: 1 where it begins, 0 where it ends}; `drift.level`,
// `drift.spread`, `drift.rate` {column, value, direction, delay}: a change for good, `from` the first row of the new state as far
// as the test can tell, delay the rows until it was sure. Missing values are passed over. State: some 300 bytes a column.

import { type Micros, micros } from '../../base/units.ts';
import type { Chunk } from '../../item/item.ts';
import { ptsOf } from '../../item/timeline.ts';
import { makeStage } from '../make-stage.ts';
import { perColumn } from '../per-column.ts';
import type { Stage } from '../stage.ts';
import { testChange } from './change-tests.ts';
import { type ColumnViews, columnLayout, initColumns } from './column-state.ts';
import { testRange, testStuck, testTrend } from './health-tests.ts';
import { checkOptions, type DriftOptions, type Kind, STUCK_ROWS } from './options.ts';

const CHANGES = ['level', 'spread', 'rate'] as const;
const LASTING = ['column', 'value', 'on'];
const CHANGED = ['column', 'value', 'direction', 'delay'];

type Tell = (kind: Kind, from: number, values: Readonly<Record<string, number>>) => void;

export function drift(options: DriftOptions): Stage {
  checkOptions(options);
  const { width, rateHz, stuckRows = STUCK_ROWS, low = -Infinity, high = Infinity } = options;
  const layout = columnLayout(width);

  function ptsOfRow(chunk: Chunk, i: number): Micros {
    if (chunk.times) return micros(chunk.times[i]!);
    return rateHz > 0 ? ptsOf(chunk.from + i, rateHz) : micros(chunk.pts + i);
  }

  /** Rows [first, end) of a chunk. */
  function piece(chunk: Chunk, first: number, end: number): Chunk {
    return {
      ...chunk,
      ...{ from: chunk.from + first, to: chunk.from + end, pts: ptsOfRow(chunk, first), rows: end - first },
      data: chunk.data.subarray(first * width, end * width),
      ...(chunk.times && { times: chunk.times.subarray(first, end) }),
    };
  }

  return makeStage(
    (context, emit) => {
      const state = context.state('drift.columns', layout, initColumns);
      const columns = perColumn(state, width);

      function testValue(at: ColumnViews, column: number, x: number, row: number, tell: Tell): void {
        const lasting = (kind: Kind, turn: 'begins' | 'ends' | undefined, from: number): void => {
          if (turn) tell(kind, from, { column, value: Math.fround(x), on: turn === 'begins' ? 1 : 0 });
        };
        const began = at.runFrom[0]!;
        lasting('stuck', testStuck(at, x, row, stuckRows), began);
        lasting('range', testRange(at, x, low, high), row);
        lasting('trend', testTrend(at, x), row);
        const change = testChange(at, x, row);
        at.last[0] = x;
        if (!change) return;
        const { test, from, direction } = change;
        tell(CHANGES[test]!, from, { column, value: Math.fround(x), direction, delay: row - from });
      }

      return {
        chunk(item) {
          let sent = 0;
          let i = 0;
          const tell: Tell = (kind, from, values) => {
            if (i > sent) emit(piece(item, sent, i));
            sent = i;
            const span = { from, to: item.from + i + 1, pts: ptsOfRow(item, i) };
            emit({ kind: 'detection', name: `drift.${kind}`, ...span, values });
          };
          for (; i < item.rows; i++) {
            for (let column = 0; column < width; column++) {
              const x = item.data[i * width + column]!;
              if (x - x === 0) testValue(columns[column]!, column, x, item.from + i, tell);
            }
          }
          emit(sent === 0 ? item : piece(item, sent, item.rows));
        },
        mark(item) {
          if (item.what === 'reset') initColumns(state);
          emit(item);
        },
      };
    },
    [
      ...(['stuck', 'range', 'trend'] as const).map((kind) => ({ op: `drift.${kind}`, values: LASTING })),
      ...CHANGES.map((kind) => ({ op: `drift.${kind}`, values: CHANGED })),
    ],
  );
}
