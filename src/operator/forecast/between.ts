// Straight lines between points that were reckoned: from judged knots to all knots, from knots to all steps. Tables are made
// once; on ETTh1 up to 720 steps the forecast of 88 knots scored no worse than one of 720 (docs/adr/0016).

/** For each of `steps` the point of `points` (ascending, from steps[0] to the last step) below it, and the share of the next. */
export interface Between {
  readonly below: Uint32Array;
  readonly share: Float64Array;
}

export function between(points: readonly number[], steps: readonly number[]): Between {
  const below = new Uint32Array(steps.length);
  const share = new Float64Array(steps.length);
  let at = 0;
  for (const [i, step] of steps.entries()) {
    while (at + 2 < points.length && points[at + 1]! <= step) at++;
    below[i] = at;
    share[i] = points.length === 1 ? 0 : (step - points[at]!) / (points[at + 1]! - points[at]!);
  }
  return { below, share };
}

/** The value at step i on the line through values[offset + stride * point]. */
export function lineAt(values: Float64Array, { below, share }: Between, i: number, stride = 1, offset = 0): number {
  const from = offset + stride * below[i]!;
  const part = share[i]!;
  const value = values[from]!;
  return part === 0 ? value : value + part * (values[from + stride]! - value);
}
