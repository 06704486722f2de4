// What a benchmark says, one record a line, and what a section of it is: a function that reports records. A section takes
// what it needs of the options and has a default for the rest, so that each runs alone. Measuring: interleave.ts.

export interface BenchRecord {
  readonly section: string;
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is held against, in the same run. */
  readonly baseline?: string;
  /** value of this / value of the baseline; of interleaved runs, the median of the rounds' own ratios. */
  readonly ratio?: number;
  /** First and third quartile of the rounds, in `unit`. */
  readonly spread?: readonly [low: number, high: number];
  /** Of a mean over recordings: its 95 % bootstrap interval, in `unit`. */
  readonly interval?: readonly [low: number, high: number];
  /** Of a quality, where a ratio would mean nothing: the mean of value - baseline over the same recordings, in `unit`. */
  readonly difference?: number;
  /** Its 95 % bootstrap interval. */
  readonly differenceInterval?: readonly [low: number, high: number];
  /** What else was measured of the same thing, by name. */
  readonly also?: Readonly<Record<string, number>>;
}

export type Report = (record: BenchRecord) => void;

export interface BenchOptions {
  /** Folder of recordings or series that are not part of this package. */
  readonly data?: string;
  /** Folder that the results of single recordings or series go to. */
  readonly out?: string;
  /** Folder of other projects' ONNX files: see peers/open-peers.ts. */
  readonly peers?: string;
  /** How often the candidates take turns. */
  readonly repetitions?: number;
  /** How long a candidate runs in its turn. */
  readonly roundMs?: number;
  /** What sections that time calls read; default `cpu`. See interleave.ts. */
  readonly clock?: 'wall' | 'cpu';
  /** Of one measurement: a load level, or the longest that one candidate may take. */
  readonly seconds?: number;
  /** Of the soak. */
  readonly minutes?: number;
  /** Lengths of a prefill, increasing. */
  readonly rows?: readonly number[];
  /** Of a series: months of training, validation and test. */
  readonly split?: readonly number[];
  /** Rows ahead, increasing. */
  readonly horizons?: readonly number[];
  /** Months of a series that are scored: those of the test, unless settings are being chosen. */
  readonly part?: 'test' | 'validation';
}

export interface BenchContext {
  readonly options: BenchOptions;
  /** Something a reader of the table must know: what was left out, and why. Not a record. */
  readonly note: (text: string) => void;
}

export type Section = (report: Report, context: BenchContext) => Promise<void>;
