// Errors of forecasts, added up as they come: mean squared and absolute error, pinball loss over nine quantiles, and the
// share of values inside the interval, per horizon over all steps up to it and all windows that end in the scored rows.

export const SHARES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9] as const;

/** What was forecast at one row: (step 1 .., column). A point forecast has neither quantiles nor an interval. */
export interface Told {
  mean(step: number, column: number): number;
  quantile?(index: number, step: number, column: number): number;
  inside?(value: number, step: number, column: number): boolean;
}

export interface Score {
  readonly horizon: number;
  /** Per column. */
  readonly mse: Float64Array;
  readonly mae: Float64Array;
  readonly pinball: Float64Array;
  readonly inside: Float64Array;
  readonly windows: number;
}

export interface Scores {
  /** What was told at `row`; rows must come in order, each once. */
  add(row: number, told: Told): void;
  done(): Score[];
}

/** Targets in rows [first, end) of `data` [rows, width]; a missing value is not scored. */
export function scores(
  data: Float32Array,
  width: number,
  [first, end]: readonly [number, number],
  horizons: readonly number[],
): Scores {
  const each = horizons.map(() => ({
    windows: 0,
    ...{ mse: new Float64Array(width), mae: new Float64Array(width) },
    ...{ pinball: new Float64Array(width), inside: new Float64Array(width), count: new Float64Array(width) },
  }));
  return {
    add(row, told) {
      if (row < first - 1) return;
      const open = horizons.filter((horizon) => row + horizon < end);
      if (open.length === 0) return;
      for (const [h, horizon] of horizons.entries()) if (row + horizon < end) each[h]!.windows++;
      const longest = Math.max(...open);
      for (let step = 1; step <= longest; step++) {
        for (let column = 0; column < width; column++) {
          const value = data[(row + step) * width + column]!;
          if (value !== value) continue;
          const error = told.mean(step, column) - value;
          const loss = pinballLoss(told, value, step, column);
          const hit = told.inside?.(value, step, column) ? 1 : 0;
          for (const [h, horizon] of horizons.entries()) {
            if (step > horizon || row + horizon >= end) continue;
            const sum = each[h]!;
            sum.mse[column]! += error * error;
            sum.mae[column]! += Math.abs(error);
            sum.pinball[column]! += loss;
            sum.inside[column]! += hit;
            sum.count[column]! += 1;
          }
        }
      }
    },
    done: () =>
      each.map(({ windows, count, ...sums }, h) => {
        const mean = (sum: Float64Array): Float64Array => sum.map((value, column) => value / count[column]!);
        const { mse, mae, pinball, inside } = sums;
        return {
          ...{ horizon: horizons[h]!, windows },
          ...{ mse: mean(mse), mae: mean(mae), pinball: mean(pinball), inside: mean(inside) },
        };
      }),
  };
}

/** Mean over nine shares. A point forecast is taken for all nine quantiles: half its absolute error. */
function pinballLoss(told: Told, value: number, step: number, column: number): number {
  if (!told.quantile) return Math.abs(told.mean(step, column) - value) / 2;
  let loss = 0;
  for (let q = 0; q < SHARES.length; q++) {
    const error = value - told.quantile(q, step, column);
    loss += error > 0 ? SHARES[q]! * error : (SHARES[q]! - 1) * error;
  }
  return loss / SHARES.length;
}

export const average = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
};
