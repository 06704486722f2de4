// The contract between the forecaster and what reads the past for it: regression on a HiPPO memory (ssm-reader.ts) or
// attention over a window (attention-reader.ts). A reader predicts one column at a time and learns from what came.

import type { StreamContext } from '../stage.ts';
import type { ChannelViews } from './channel-state.ts';

export interface Moment {
  /** Rows on the grid since the stream began; this row's number. */
  readonly row: number;
  readonly level: number;
  /** Size of a usual deviation from the level, > 0. */
  readonly deviation: number;
}

export interface Reader {
  /** All columns at once: row number `row` as admitted (NaN = missing), `dtRows` after the row before. */
  advance(x: Float32Array, dtRows: number, row: number): void;
  /** Rows without values, up to but not including row `row`. */
  hold(rows: number, row: number): void;
  /**
   * One column: `out[expert][k]` for knot k; learns first from the forecasts whose last target has just come.
   * @param coefficients what a trained model says, in a few numbers; empty without one
   */
  read(
    channel: number,
    views: ChannelViews,
    moment: Moment,
    coefficients: Float64Array,
    out: readonly Float64Array[],
  ): void;
  /** Start state. */
  reset(): void;
}

/** Made once for all streams. */
export interface ReaderKind {
  /** How many of the LEARNED experts it is. */
  readonly experts: number;
  /** Takes its state from the context; called once per stream. */
  open(context: StreamContext): Reader;
}
