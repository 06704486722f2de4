// Forecasting on any series of a time and columns (--data), as the literature scores ETTh1: z-scored on the training months,
// all windows of the test months, all steps up to each horizon. Test, then train: nothing is frozen, each row is forecast
// from those before it and then learned from. One pass gives every horizon; baselines see the same windows.

import { baselines } from '../evaluate/forecasting/baselines.ts';
import { readSeries, type Series } from '../evaluate/forecasting/read-series.ts';
import { type ForecastRun as Cost, runForecast, toldBy } from '../evaluate/forecasting/run-forecast.ts';
import { average, type Score, scores } from '../evaluate/forecasting/scores.ts';
import { openEngine } from '../open-engine.ts';
import { openPipelineOrFile } from '../open-pipeline.ts';
import { usage } from '../usage.ts';
import { PUBLISHED } from './forecast-published.ts';
import type { BenchContext, Report } from './record.ts';

const SPLIT = [12, 4, 4];
const HORIZONS = [24, 96, 192, 336, 720];

/** @throws ERR_USAGE without a series, ERR_FILE_NOT_CSV for one that is too short */
export async function benchForecast(report: Report, { options, note }: BenchContext): Promise<void> {
  const { data: path, split = SPLIT, horizons = HORIZONS, part = 'test' } = options;
  if (path === undefined) throw usage('forecast needs a series', '--data <file.csv or .csv.gz>: a date, then columns');
  const [train, validation, test] = monthsOf(split);
  const months = part === 'test' ? train + validation + test : train + validation;
  const series = await readSeries(path, months, train);
  const { monthRows } = series;
  const first = (part === 'test' ? train + validation : train) * monthRows;
  const span = [first, months * monthRows] as const;
  note(`${part} months, rows ${span.join(' to ')}, ${series.width} columns, season ${series.seasonRows} rows`);
  note(
    'ours and the baselines go on learning through the scored months; the published models are frozen after training',
  );
  note('pinball of a point forecast takes it for all nine quantiles');
  const say = speaker(series, report);
  await scorePipeline({ cell: 'ssm' }, series, span, horizons, say);
  await scorePipeline({ cell: 'ssm', model: 'forecast-ssm' }, series, span, horizons, say);
  scoreBaselines(series, span, horizons, say);
  if (isEtth1(series, split) && part === 'test') sayPublished(horizons, report);
  await scorePipeline({ cell: 'attention' }, series, span, horizons, say);
  await scorePipeline({ cell: 'attention', model: 'forecast-attention' }, series, span, horizons, say);
}

async function scorePipeline(
  given: { readonly cell: 'ssm' | 'attention'; readonly model?: string },
  series: Series,
  span: readonly [number, number],
  horizons: readonly number[],
  say: Say,
): Promise<void> {
  const { data, width, seasonRows: season } = series;
  const options = { ...given, horizon: Math.max(...horizons), season, quantiles: 'nine' };
  const loaded = await openPipelineOrFile('forecast', options, await openEngine('portable'));
  const sums = scores(data, width, span, horizons);
  const run = await runForecast(loaded, series, (row, item) => sums.add(row, toldBy(item)));
  say(`forecast, ${given.cell}${given.model ? ' and trained' : ''}`, sums.done(), run, true);
}

function monthsOf(split: readonly number[]): [number, number, number] {
  const [train, validation, test] = split;
  if (split.length === 3 && train && test) return [train, validation!, test];
  throw usage(`--split cannot be ${split.join(',')}`, 'months of training, validation and test, such as 12,4,4');
}

type Say = ReturnType<typeof speaker>;

/** Reports what a forecaster was worth, a record per horizon: squared error over all columns, and what else was measured. */
function speaker({ names, width }: Series, report: Report) {
  const last = names[width - 1]!;
  return (name: string, all: readonly Score[], { us, stateBytes }: Cost, hasInterval: boolean): void => {
    for (const { horizon, windows, mse, mae, pinball, inside } of all) {
      const also = {
        ...{ horizon, mse: average(mse), mae: average(mae), pinball: average(pinball) },
        ...{ [`mse ${last}`]: mse[width - 1]!, [`mae ${last}`]: mae[width - 1]! },
        ...(hasInterval ? { inside: average(inside) } : {}),
        ...{ windows, 'state bytes': stateBytes, 'rows/s': 1e6 / us },
      };
      report({ section: 'forecast', name: `${name}, ${horizon} rows`, value: average(mse), unit: 'mse', also });
    }
  };
}

function scoreBaselines(
  { data, width, rows, seasonRows }: Series,
  span: readonly [number, number],
  horizons: readonly number[],
  say: Say,
): void {
  for (const baseline of baselines(width, seasonRows)) {
    const sums = scores(data, width, span, horizons);
    const started = process.cpuUsage().user;
    for (let row = 0; row < rows; row++) {
      baseline.push(data.subarray(row * width, (row + 1) * width));
      sums.add(row, { mean: baseline.predict });
    }
    const us = (process.cpuUsage().user - started) / rows; // scoring included
    say(baseline.name, sums.done(), { us, stateBytes: baseline.stateBytes }, false);
  }
}

/** The published figures are of this series and this split alone. */
const isEtth1 = ({ names, monthRows }: Series, split: readonly number[]): boolean =>
  names.join() === 'HUFL,HULL,MUFL,MULL,LUFL,LULL,OT' && monthRows === 720 && split.join() === SPLIT.join();

function sayPublished(horizons: readonly number[], report: Report): void {
  for (const { name, figures } of PUBLISHED) {
    for (const horizon of horizons) {
      const found = figures[horizon];
      if (!found) continue;
      const [mse, mae] = found;
      const also = { horizon, mse, mae };
      report({ section: 'forecast', name: `${name}, ${horizon} rows`, value: mse, unit: 'mse', also });
    }
  }
}
