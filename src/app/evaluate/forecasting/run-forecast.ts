// A whole series through the forecast pipeline as any client would send it: every row's results, in order, and what it cost.

import { streamId } from '../../../base/units.ts';
import type { Forecast } from '../../../item/item.ts';
import type { LoadedPipeline } from '../../../pipeline/connect.ts';
import { Session } from '../../../session/session.ts';
import { systemClock } from '../../clock.ts';
import type { Told } from './scores.ts';

const CHUNK_ROWS = 480;

export interface ForecastRun {
  /** Microseconds of processor time a row, without what the caller does with it. */
  readonly us: number;
  readonly stateBytes: number;
}

export async function runForecast(
  loaded: LoadedPipeline,
  { data, times, width }: { readonly data: Float32Array; readonly times?: Float64Array; readonly width: number },
  onForecast: (row: number, item: Forecast) => void,
): Promise<ForecastRun> {
  let outside = 0;
  const session = new Session({
    id: streamId('evaluate'),
    loaded,
    source: { rateHz: 0, width },
    clock: systemClock,
    onOutput({ item }) {
      if (item.kind !== 'forecast') return;
      const started = cpuUs();
      onForecast(item.from, item);
      outside += cpuUs() - started;
    },
    onError: (error) => {
      throw error;
    },
  });
  const rows = data.length / width;
  const started = cpuUs();
  for (let row = 0; row < rows; row += CHUNK_ROWS) {
    const stop = Math.min(row + CHUNK_ROWS, rows);
    session.rows(data.subarray(row * width, stop * width), times?.subarray(row, stop));
    await session.idle();
  }
  const us = (cpuUs() - started - outside) / rows;
  const { stateBytes } = session;
  session.close();
  return { us, stateBytes };
}

function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** A result as scores.ts reads it. */
export function toldBy(item: Forecast): Told {
  const { width, mean, lower, upper, quantiles, horizons } = item;
  const at = (step: number, column: number): number => (step - 1) * width + column;
  const count = horizons.length * width;
  return {
    mean: (step, column) => mean[at(step, column)]!,
    ...(quantiles ? { quantile: (q, step, column) => quantiles[q * count + at(step, column)]! } : {}),
    inside: (value, step, column) => value >= lower[at(step, column)]! && value <= upper[at(step, column)]!,
  };
}
