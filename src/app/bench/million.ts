// A million rows of a sensor through the forecast pipeline as fast as they go: rows a second, bytes of state, the same bits
// when the stream is snapshot and resumed every 10,000 rows, and whether the sums behind the regression stay sound: the
// matrix is kept as one triangle, so it cannot lose its symmetry; its smallest pivot says how far it is from singular.

import { streamId } from '../../base/units.ts';
import { forecastSizes } from '../../operator/forecast/index.ts';
import type { LoadedPipeline } from '../../pipeline/connect.ts';
import { Session } from '../../session/session.ts';
import { systemClock } from '../clock.ts';
import { openEngine } from '../open-engine.ts';
import { openPipelineOrFile } from '../open-pipeline.ts';
import type { BenchContext, Report } from './record.ts';

const ROWS = 1_000_000;
const RESUME_ROWS = 10_000;
const SEASON = 24;
const CHUNK_ROWS = 500;

export async function benchMillion(report: Report, { options, note }: BenchContext): Promise<void> {
  const rows = options.rows?.[0] ?? ROWS;
  const loaded = await openPipelineOrFile('forecast', { season: SEASON }, await openEngine('portable'));
  const straight = await run(loaded, rows, Infinity);
  const resumed = await run(loaded, rows, RESUME_ROWS);
  const say = (name: string, value: number, unit: string): void => report({ section: 'million', name, value, unit });
  note(`${rows} rows of one column: a wave of ${SEASON} rows that drifts, noise, missing values; horizon ${SEASON}`);
  say('speed', rows / straight.seconds, 'rows/s of processor time');
  say('state at the beginning', straight.firstBytes, 'bytes');
  say('state at the end', straight.bytes, 'bytes');
  say('same bits, resumed every 10,000 rows', Number(straight.digest === resumed.digest), '1: yes');
  const { least, largest } = straight.pivots;
  say('largest pivot of the normal matrix', largest, 'squared deviations');
  say('smallest pivot without its ridge', least, 'squared deviations');
  note(`digest ${straight.digest}`);
}

async function run(loaded: LoadedPipeline, rows: number, resumeRows: number) {
  const open = (snapshot?: ReturnType<Session['snapshot']>): Session =>
    new Session({
      ...{ id: streamId('million'), loaded, source: { rateHz: 0, width: 1 }, clock: systemClock },
      onOutput: () => undefined,
      onError: (error) => {
        throw error;
      },
      ...(snapshot ? { snapshot } : {}),
    });
  let session = open();
  const firstBytes = session.stateBytes;
  const next = sensor();
  const started = process.cpuUsage().user;
  for (let row = 0; row < rows; row += CHUNK_ROWS) {
    if (row > 0 && row % resumeRows === 0) {
      const snapshot = structuredClone(session.snapshot());
      session.close();
      session = open(snapshot);
    }
    const count = Math.min(CHUNK_ROWS, rows - row);
    session.rows(Float32Array.from({ length: count }, (_, i) => next(row + i)));
    await session.idle();
  }
  const seconds = (process.cpuUsage().user - started) / 1e6;
  session.mark('end');
  await session.idle();
  const { digest } = session.summary();
  const pivots = pivotsOf(session);
  const bytes = session.stateBytes;
  session.close();
  return { seconds, firstBytes, bytes, digest, pivots };
}

/** Its own linear congruential noise, so that every machine has the same million rows. */
function sensor(): (row: number) => number {
  let seed = 1;
  const noise = (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 4294967296 - 0.5;
  };
  let drift = 0;
  return (row) => {
    drift += 0.05 * noise();
    drift *= 0.9999;
    const phase = (row % SEASON) / SEASON;
    const value = 20 + 5 * Math.abs(2 * phase - 1) + drift + noise();
    return noise() < -0.499 ? Number.NaN : value;
  };
}

/** Pivots of the Cholesky factor of the matrix in the stream's state. All above -ridge: the equations have one solution. */
function pivotsOf(session: Session): { least: number; largest: number } {
  const { features } = forecastSizes({
    ...{ width: 1, horizon: SEASON, seasonRows: SEASON, coverage: 0.9, cell: 'ssm', rateHz: 0 },
  });
  const [, bytes] = Object.entries(session.snapshot().slots).find(([name]) => name.includes('forecast.regression'))!;
  const packed = new Float32Array(bytes.slice().buffer, 0, (features * (features + 1)) / 2);
  const factor = Float64Array.from(packed);
  let [least, largest] = [Infinity, 0];
  for (let i = 0; i < features; i++) {
    const row = (i * (i + 1)) / 2;
    for (let k = 0; k <= i; k++) {
      const other = (k * (k + 1)) / 2;
      let sum = packed[row + k]!;
      for (let n = 0; n < k; n++) sum -= factor[row + n]! * factor[other + n]!;
      if (k < i) factor[row + k] = sum / factor[other + k]!;
      else {
        least = Math.min(least, sum);
        largest = Math.max(largest, sum);
        factor[row + i] = Math.sqrt(Math.max(sum, 1e-300));
      }
    }
  }
  return { least, largest };
}
