// What stands around stages that take hops at one rate when the stream comes at another: `oneWay` in front of readings, with
// what puts them back to where they belong; `roundTrip` for audio that goes back to where it came from.
//   out of 10 ms at 48 kHz, 1 ms held back:  in --[0,480)--[480,960)--|   hops --[-16,144)--[144,304)--|
// A hop that began with the stream would wait for a whole message more, because the filter holds back its last millisecond. So
// the grid between the two begins that much earlier (`leadRows` of resample): hops end with what is known, and leave with the
// message that brought it. What is told comes one look-ahead later than at the stages' own rate, sound two of them.

import { f64 } from '../../cell/state.ts';
import { spanOf } from '../../item/timeline.ts';
import { makeStage } from '../make-stage.ts';
import type { Stage } from '../stage.ts';
import { filterFor, lookAheadRows } from './filter.ts';
import { resample } from './resample.ts';

/**
 * For audio that is worked on at `insideHz` in hops of `hopRows` and goes back to where it came from: short filters, whole hops
 * with each message of as long, and back on the rows that it came on.
 */
export function roundTrip(outsideHz: number, insideHz: number, hopRows: number) {
  const leadRows = lookAheadRows(filterFor(outsideHz, insideHz, 'short'));
  const both = { width: 1, reach: 'short', leadRows } as const;
  return {
    there: resample({ ...both, fromHz: outsideHz, toHz: insideHz, hopRows: (hopRows * outsideHz) / insideHz }),
    back: resample({ ...both, fromHz: insideHz, toHz: outsideHz, hopRows, back: true, slot: 'resample-out' }),
  };
}

/**
 * For what is told about audio in hops of `hopRows` at `insideHz`: the short filter, whole hops with each message of as long, and
 * `placed`, behind the stages, which moves what they tell to the rows that it is about. These are still rows of `insideHz`.
 * What the short filter costs the models (next to nothing): docs/audio.md.
 */
export function oneWay(outsideHz: number, insideHz: number, hopRows: number, width: number) {
  // Less than a hop, so that no hop lies in front of the stream.
  const leadRows = lookAheadRows(filterFor(outsideHz, insideHz, 'short')) % hopRows;
  return {
    there: resample({
      ...{ fromHz: outsideHz, toHz: insideHz, width, reach: 'short', leadRows },
      hopRows: (hopRows * outsideHz) / insideHz,
    }),
    placed: takeLead(leadRows, insideHz),
  };
}

const LEAD_LAYOUT = {
  lead: f64(1), // rows by which the grid of what comes lies later
  begin: f64(1), // row of the last reset, without it: nothing lies before
};

/** Everything `leadRows` earlier, and as much again behind each reset: what `resample` put in front with the same. */
function takeLead(leadRows: number, rateHz: number): Stage {
  return makeStage((context, emit) => {
    const { lead, begin } = context.state('resample-lead', LEAD_LAYOUT, ({ at }) => {
      at.lead[0] = leadRows;
      at.begin[0] = 0;
    }).at;
    const placed = ({ from, to }: { readonly from: number; readonly to: number }) =>
      spanOf(Math.max(begin[0]!, from - lead[0]!), Math.max(begin[0]!, to - lead[0]!), rateHz);
    return {
      chunk: (item) => emit({ ...item, ...placed(item) }),
      gap: (item) => emit({ ...item, ...placed(item) }),
      detection: (item) => emit({ ...item, ...placed(item) }),
      mark(item) {
        const row = item.from - lead[0]!;
        emit({ ...item, from: row, to: row }); // its time is its own: that of the very row it stood on
        if (item.what === 'flush') return;
        begin[0] = row;
        lead[0]! += leadRows;
      },
    };
  });
}
