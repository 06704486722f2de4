// What travels through a pipeline: a closed union, so that every `switch (item.kind)` can end in `satisfies never`.
// An item's place is `[from, to)`: rows since the stream began, on one grid from the first stage to the last (ADR 0006).
// A feature row of a 10 ms hop at 16 kHz still covers 160 grid rows. Results and gaps together cover [0, N) exactly once.

import type { Micros } from '../base/units.ts';

/** Where an item lies: grid rows [from, to), and the time of row `from`. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly pts: Micros;
}

/** Rows of data. `data` is [rows, width] row-major; the receiver may read it until it returns, never keep or change it. */
export interface Chunk extends Span {
  readonly kind: 'chunk';
  readonly rows: number;
  readonly width: number;
  readonly data: Float32Array;
  /** Time of each row in microseconds, when rows are not evenly spaced (sensors). Absent: `pts` + row / rate. */
  readonly times?: Float64Array;
}

/** Why rows are missing. client: the sender said so; the other words are in docs/glossary.md. */
export type GapCause = 'client' | 'lost' | 'late' | 'shed' | 'fault';

/** Nothing will come for these rows, but time still moves on. */
export interface Gap extends Span {
  readonly kind: 'gap';
  readonly why: GapCause;
}

/** A point in the stream. flush: emit what you hold; reset: start state anew; end: flush, nothing follows. from = to. */
export interface Mark extends Span {
  readonly kind: 'mark';
  readonly what: 'flush' | 'reset' | 'end';
}

/** A named reading: `{ name: 'vad', values: { speech: 0.97 } }`. Values are float32-exact. */
export interface Detection extends Span {
  readonly kind: 'detection';
  readonly name: string;
  readonly values: Readonly<Record<string, number>>;
}

/** What one sensor row led to. Arrays over channels are [width]; over horizons [horizons, width], all float32. NaN: unknown yet. */
export interface Forecast extends Span {
  readonly kind: 'forecast';
  readonly width: number;
  /** Steps ahead, ascending. */
  readonly horizons: Uint32Array;
  readonly mean: Float32Array;
  readonly lower: Float32Array;
  readonly upper: Float32Array;
  /** Anomaly score per channel of this row: 0 expected, 1 at the edge of what the recent past explains. */
  readonly anomaly: Float32Array;
  /** When asked for: the values below which a share of .1, .2, .. .9 should fall, [9, horizons, width]. */
  readonly quantiles?: Float32Array;
  /** When asked for: who speaks, [horizons, width]: the place in `expertNames` of the one with the most weight. */
  readonly experts?: Uint8Array;
  readonly expertNames?: readonly string[];
}

export type Item = Chunk | Gap | Mark | Detection | Forecast;
/** What leaves a session as a result (a Gap leaves as a gap). */
export type ResultItem = Chunk | Detection | Forecast;
