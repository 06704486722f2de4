// Segments of a stream of any length in bounded memory, for drawing: when there are too many, neighbours closer to each
// other than a picture could show are joined. The count stays that of all.

import type { Segment } from '../picture/draw-audio-picture.ts';

export interface SegmentList {
  add(segment: Segment): void;
  /** How many were added. */
  readonly count: number;
  /** At most `segmentsMax`, in order. */
  readonly drawn: readonly Segment[];
}

export function segmentList(segmentsMax = 4096): SegmentList {
  let drawn: Segment[] = [];
  let count = 0;
  return {
    get count() {
      return count;
    },
    get drawn() {
      return drawn;
    },
    add(segment) {
      count++;
      drawn.push(segment);
      if (drawn.length === segmentsMax) drawn = joined(drawn, (2 * (segment[1] - drawn[0]![0])) / segmentsMax);
    },
  };
}

/** Fewer than half as many holes as there were segments can be wider than 2 / n of the whole, so at least half of them go. */
function joined(segments: readonly Segment[], holeMin: number): Segment[] {
  const kept: [number, number][] = [];
  for (const [from, to] of segments) {
    const last = kept.at(-1);
    if (last && from - last[1] < holeMin) last[1] = to;
    else kept.push([from, to]);
  }
  return kept;
}
