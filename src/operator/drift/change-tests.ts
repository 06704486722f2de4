// Has the level, the spread or the rate of change of a column changed for good? Three two-sided cumulative sums (Page 1954, Biometrika
// 41; Montgomery, Statistical Quality Control, ch. 9), each on a signal that is white when nothing happens: the value less what its
// neighbour foretells (a first-order autoregression, learned), how far two such residuals lie apart, and whether the value turned
// back. The second and third do not hear a new level. A sum that reaches HEIGHT deviations is a change; it began where the sum was
// last 0. The column is then learned anew.

import type { ColumnViews } from './column-state.ts';
import { LEARN_ROWS, REFERENCE_ROWS } from './options.ts';

/** In deviations of the signal: what is let pass each row, and the sum that counts. */
const ALLOWED = [0.5, 0.25, 0.25] as const;
const HEIGHT = [16, 36, 28] as const;
const CLIP = 4; // a single wild value is no change of level

export interface Change {
  /** Place in level, spread, rate. */
  readonly test: number;
  /** First row of the new state, as far as the sum can tell. */
  readonly from: number;
  /** 1 up, -1 down. */
  readonly direction: number;
}

const signals = new Float64Array(3); // scratch

/** One value of the column; what it changed, if it is found now. */
export function testChange(at: ColumnViews, x: number, row: number): Change | undefined {
  const { count, last, mean, variance, covariance, residual, step, centre, scatter, up, down, upFrom, downFrom } = at;
  if (count[0] === 0) {
    mean[0] = x;
    variance[0] = covariance[0] = 0;
    for (const view of [centre, scatter, up, down]) view.fill(0);
    upFrom.fill(row);
    downFrom.fill(row);
  }
  const fresh = last[0] !== last[0];
  const before = fresh ? mean[0]! : last[0]!;
  const deviation = x - mean[0]!;
  const scale = Math.sqrt(variance[0]!) + 1e-9 * (1 + Math.abs(mean[0]!));
  const along = Math.min(Math.max(covariance[0]! / (scale * scale), -0.99), 0.99);
  const whitened = (deviation - along * (before - mean[0]!)) / (scale * Math.sqrt(1 - along * along));
  const clipped = Math.min(Math.max(whitened, -CLIP), CLIP);
  signals[0] = clipped;
  signals[1] = Math.abs(clipped - residual[0]!);
  signals[2] = (x - before) * step[0]! < 0 ? 1 : 0;
  residual[0] = clipped;
  step[0] = x - before;
  count[0]! += 1;
  const rate = Math.max(1 / REFERENCE_ROWS, 1 / count[0]!);
  const learned = count[0]! > LEARN_ROWS / 4 ? Math.min(Math.max(deviation, -6 * scale), 6 * scale) : deviation;
  covariance[0]! += rate * (learned * (before - mean[0]!) - covariance[0]!);
  mean[0]! += rate * learned;
  variance[0] = (1 - rate) * (variance[0]! + rate * learned * learned);
  // While the value itself is being learned its residuals say nothing yet: the tests learn from the second half on.
  if (count[0]! <= LEARN_ROWS / 2) return undefined;
  return sumUp(at, row);
}

function sumUp({ count, centre, scatter, up, down, upFrom, downFrom }: ColumnViews, row: number): Change | undefined {
  const known = count[0]! - LEARN_ROWS / 2;
  const rate = Math.max(1 / REFERENCE_ROWS, 1 / known);
  let found: Change | undefined;
  for (let test = 0; test < signals.length; test++) {
    const deviation = signals[test]! - centre[test]!;
    if (count[0]! > LEARN_ROWS) {
      const z = deviation / Math.sqrt(scatter[test]! + 1e-4);
      up[test] = Math.max(up[test]! + z - ALLOWED[test]!, 0);
      down[test] = Math.max(down[test]! - z - ALLOWED[test]!, 0);
      if (up[test] === 0) upFrom[test] = row + 1;
      if (down[test] === 0) downFrom[test] = row + 1;
      if (up[test]! > HEIGHT[test]!) found ??= { test, from: upFrom[test]!, direction: 1 };
      if (down[test]! > HEIGHT[test]!) found ??= { test, from: downFrom[test]!, direction: -1 };
    }
    centre[test]! += rate * deviation;
    scatter[test] = (1 - rate) * (scatter[test]! + rate * deviation * deviation);
  }
  if (found) count[0] = 0;
  return found;
}
