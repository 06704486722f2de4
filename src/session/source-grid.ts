// Maps outputs from the pipeline's grid back to the sender's own rows. At 44.1 kHz in and 16 kHz inside, hop k is rows
// [160 k, 160 k + 160) of the pipeline and [441 k, 441 k + 441) of the sender. Both ends of neighbours round alike, so
// outputs still cover the source without overlap; the last one ends at the last row that came. Audio is on the sender's rows
// already (pipeline/connect.ts), and only its end is cut.

import { micros } from '../base/units.ts';
import type { Chunk, Gap, GapCause, ResultItem } from '../item/item.ts';
import { ptsOf } from '../item/timeline.ts';
import type { Pipeline, StreamFormat } from '../pipeline/define-pipeline.ts';

export function toSourceGrid(
  { input, output }: Pick<Pipeline, 'input' | 'output'>,
  source: StreamFormat,
  rowsCome: () => number,
): (item: ResultItem | Gap) => ResultItem | Gap {
  if (input.kind === 'sensor') return (item) => item;
  const ratio = output === 'audio' ? 1 : source.rateHz / input.rateHz;
  return (item) => {
    const limit = rowsCome();
    if (ratio === 1 && item.to <= limit && item.pts === ptsOf(item.from, source.rateHz)) return item;
    const from = Math.min(Math.round(item.from * ratio), limit);
    const to = Math.min(Math.round(item.to * ratio), limit);
    const placed = { ...item, from, to, pts: micros((from * 1e6) / source.rateHz) };
    return output === 'audio' && placed.kind === 'chunk' ? cut(placed) : placed;
  };
}

/**
 * A gap ends with a whole row of the pipeline, of which the sender's last row or two may not have come yet: it was cut before
 * them. They belong to it all the same, since what follows begins behind them. A reset in such a row leaves its rest likewise.
 * @param last the gap that was the last output, if it was one @param until where the next output begins, or the stream ends
 */
export function restOfGap(
  { input }: Pick<Pipeline, 'input'>,
  { rateHz }: StreamFormat,
  last: { readonly to: number; readonly why: GapCause } | undefined,
  until: number,
): Gap | undefined {
  if (!last || input.kind === 'sensor' || rateHz === input.rateHz) return undefined;
  const rows = until - last.to;
  if (rows <= 0 || rows >= rateHz / input.rateHz + 1) return undefined; // + 1: the place is rounded, perhaps up
  return { kind: 'gap', from: last.to, to: until, pts: ptsOf(last.to, rateHz), why: last.why };
}

/** Samples of one channel, no more of them than rows. */
function cut(chunk: Chunk): Chunk {
  const rows = chunk.to - chunk.from;
  return rows < chunk.rows ? { ...chunk, rows, data: chunk.data.subarray(0, rows) } : chunk;
}
