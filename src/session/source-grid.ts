// Maps outputs from the pipeline's grid back to the sender's own rows. At 44.1 kHz in and 16 kHz inside, hop k is rows
// [160 k, 160 k + 160) of the pipeline and [441 k, 441 k + 441) of the sender. Both ends of neighbours round alike, so
// outputs still cover the source without overlap; the last one ends at the last row that came.

import { micros } from '../base/units.ts';
import type { Gap, ResultItem } from '../item/item.ts';
import { ptsOf } from '../item/timeline.ts';
import type { PipelineInput, StreamFormat } from '../pipeline/define-pipeline.ts';

export function toSourceGrid(
  input: PipelineInput,
  source: StreamFormat,
  rowsCome: () => number,
): (item: ResultItem | Gap) => ResultItem | Gap {
  if (input.kind === 'sensor') return (item) => item;
  const ratio = source.rateHz / input.rateHz;
  return (item) => {
    const limit = rowsCome();
    if (ratio === 1 && item.to <= limit && item.pts === ptsOf(item.from, source.rateHz)) return item;
    const from = Math.min(Math.round(item.from * ratio), limit);
    const to = Math.min(Math.round(item.to * ratio), limit);
    return { ...item, from, to, pts: micros((from * 1e6) / source.rateHz) };
  };
}
