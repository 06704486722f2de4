// What a benchmark says: one record a line, so that figures can be compared without reading prose.

export interface BenchRecord {
  readonly section: string;
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is held against, in the same run. */
  readonly baseline?: string;
  /** value of this / value of the baseline. */
  readonly ratio?: number;
}

export type Report = (record: BenchRecord) => void;
export type Section = (report: Report) => Promise<void>;
