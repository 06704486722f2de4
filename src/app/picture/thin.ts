// Thins long series to what a screen can show, so that a picture of an hour is no larger than one of a minute: per pixel
// column the least and the greatest value survive, hence no peak is ever lost. NaN means "no value here".

/** One point of a line; y NaN breaks the line. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** What the values of one column span, and their middle one; NaN where the column has no value. */
export interface Span {
  /** Row with which the column begins. */
  readonly row: number;
  readonly low: number;
  readonly mid: number;
  readonly high: number;
}

/** Values [n] cut into at most `columns` equal runs of at least one value each. */
function* runs(n: number, columns: number): Generator<readonly [from: number, to: number]> {
  const count = Math.min(n, columns);
  for (let c = 0; c < count; c++) yield [Math.floor((c * n) / count), Math.floor(((c + 1) * n) / count)];
}

/** A line through (x[i], y[i]) with at most two points per column: its least and greatest value, in their order. */
export function thinLine(x: ArrayLike<number>, y: ArrayLike<number>, columns: number): Point[] {
  const points: Point[] = [];
  for (const [from, to] of runs(y.length, columns)) {
    let low = -1;
    let high = -1;
    for (let i = from; i < to; i++) {
      if (Number.isNaN(y[i])) continue;
      if (low < 0 || y[i]! < y[low]!) low = i;
      if (high < 0 || y[i]! > y[high]!) high = i;
    }
    if (low < 0) points.push({ x: x[from]!, y: Number.NaN });
    else if (low === high) points.push({ x: x[low]!, y: y[low]! });
    else for (const i of [Math.min(low, high), Math.max(low, high)]) points.push({ x: x[i]!, y: y[i]! });
  }
  return points;
}

/** The span of y over each of at most `columns` columns. */
export function thinSpans(y: ArrayLike<number>, columns: number): Span[] {
  const spans: Span[] = [];
  for (const [row, to] of runs(y.length, columns)) {
    const values = Float64Array.from({ length: to - row }, (_, i) => y[row + i]!)
      .filter((v) => !Number.isNaN(v))
      .sort();
    const mid = values[values.length >> 1] ?? Number.NaN;
    spans.push({ row, low: values[0] ?? mid, mid, high: values.at(-1) ?? mid });
  }
  return spans;
}

/** The q-th quantile (0 to 1) of the values that are numbers; NaN if there are none. */
export function quantile(values: ArrayLike<number>, q: number): number {
  const sorted = Float64Array.from(values)
    .filter((v) => !Number.isNaN(v))
    .sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}
