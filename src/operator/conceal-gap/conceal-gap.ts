// Short gaps become rows:  in --[0,160)--gap[160,240)--[240,400)--|   out --[0,160)--[160,240)--concealed--[240,400)--|
// The last row is held and faded to zero; a Detection `concealed` over the same rows declares that they were made up.
// Longer gaps pass, because a model that skips time does better than one that is fed invention. Put it in front of rehop.

import { assert } from '../../base/assert.ts';
import { f32, f64 } from '../../cell/state.ts';
import { makeStage } from '../make-stage.ts';
import type { Stage } from '../stage.ts';

export interface ConcealGapOptions {
  /** Longest run of lost rows to conceal, also over several gaps in a row. 20 ms is 320 at 16 kHz. */
  readonly maxRows: number;
  /** Values per row. */
  readonly width: number;
  /** Name of the state arena; needed only when a pipeline has two of these. */
  readonly slot?: string;
}

/**
 * Row i of a run of lost rows is last * (1 - (i + 1) / maxRows): linear, zero after maxRows.
 * Emits for each concealed gap a Chunk, then Detection { name: 'concealed', values: { rows } }, both with the gap's span.
 */
export function concealGap({ maxRows, width, slot = 'conceal-gap' }: ConcealGapOptions): Stage {
  assert(maxRows >= 1 && width >= 1, 'conceal-gap needs maxRows and width above 0');
  const layout = {
    last: f32(width), // the last row that came
    run: f64(1), // rows lost since then; above maxRows: not concealed any more
  };

  return makeStage((context, emit) => {
    const { last, run } = context.state(slot, layout, ({ at }) => {
      at.last.fill(0);
      at.run[0] = 0;
    }).at;

    return {
      chunk(item) {
        assert(item.width === width, 'conceal-gap: a chunk of another width');
        if (item.rows > 0) {
          last.set(item.data.subarray((item.rows - 1) * width, item.rows * width));
          run[0] = 0;
        }
        emit(item);
      },
      gap(item) {
        const rows = item.to - item.from;
        const before = run[0]!;
        run[0] = before + rows;
        if (run[0] > maxRows || rows === 0) return emit(item);
        const data = new Float32Array(rows * width);
        for (let i = 0; i < rows; i++) {
          const fade = 1 - (before + i + 1) / maxRows;
          for (let c = 0; c < width; c++) data[i * width + c] = last[c]! * fade;
        }
        const { from, to, pts } = item;
        emit({ kind: 'chunk', from, to, pts, rows, width, data });
        emit({ kind: 'detection', from, to, pts, name: 'concealed', values: { rows } });
      },
      mark(item) {
        if (item.what !== 'flush') {
          last.fill(0);
          run[0] = 0;
        }
        emit(item);
      },
    };
  });
}
