// Options of the forecaster and every size that follows from them. All windows are counted in seasons, so one option
// (`seasonRows`) fits the whole to a sensor. Chosen on the 16 months before the test months of ETTh1: docs/adr/0007.

import { assert } from '../../base/assert.ts';
import type { Simd } from '../../kernel/wasm/simd.ts';

export interface ForecastOptions {
  /** Columns of a row, forecast one by one. */
  readonly width: number;
  /** Steps ahead: 1 .. horizon. */
  readonly horizon: number;
  /** Rows per season (24 for hours of a day). A wrong one costs accuracy, not safety. */
  readonly seasonRows: number;
  /** Share of values that should fall into the interval, 0.5 .. 0.99. */
  readonly coverage: number;
  /** What reads the past: regression on HiPPO memories, or attention over a window of the past. */
  readonly cell: 'ssm' | 'attention';
  /** Rows per second, for the pts of results; 0: rows without a rate. */
  readonly rateHz: number;
  /** The WebAssembly kernels: the same forecasts to the bit, sooner, where a stream's state lies in the kernel memory. */
  readonly simd?: Simd | undefined;
}

/** Mean of the last season: what everything else is measured against. */
export const LEVEL_ORDER = 6;
/** The long memory reads trend over 28 seasons, the short one the shape of 7 (the daily wave needs 7 pi = 22). */
export const LONG_SEASONS = 28;
export const SHORT_SEASONS = 7;
/** The profile (mean by phase) forgets over 14 seasons. */
export const PROFILE_SEASONS = 14;

export interface ForecastSizes {
  readonly longOrder: number;
  readonly shortOrder: number;
  /** Last values used as they are. */
  readonly lags: number;
  /** Points of the coming season's profile. */
  readonly leads: number;
  /** Features of the regression. */
  readonly features: number;
  /** Rows kept of the raw past. */
  readonly ringRows: number;
}

export function forecastSizes({ width, horizon, seasonRows, coverage }: ForecastOptions): ForecastSizes {
  assert(Number.isInteger(width) && width >= 1, 'a forecast needs at least one column');
  assert(Number.isInteger(horizon) && horizon >= 1, 'a forecast looks at least one row ahead');
  assert(Number.isInteger(seasonRows) && seasonRows >= 2, 'a season has at least two rows');
  assert(coverage > 0 && coverage < 1, 'coverage is a share between 0 and 1');
  const lags = Math.min(24, seasonRows);
  const leads = Math.min(24, seasonRows);
  // A quarter of the window: more coefficients than that only describe what the lags already say.
  const shortOrder = Math.min(24, Math.ceil((SHORT_SEASONS * seasonRows) / 4));
  const longOrder = 8;
  const features = longOrder + shortOrder + lags + leads + 1;
  return { longOrder, shortOrder, lags, leads, features, ringRows: Math.max(lags, horizon + 1) };
}
