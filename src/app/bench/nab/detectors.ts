// Who is scored on the benchmark: our pipeline, and what stands beside it in the same run. One configuration each for all series;
// none sees a label, the length of a series or its extremes.

import { exp } from '../../../base/math.ts';
import type { Series } from './corpus.ts';
import { normalTail } from './normal-tail.ts';
import { openNamed, runSeries } from './run-series.ts';

export interface Detector {
  readonly name: string;
  /** A score of 0 .. 1 for every row. */
  readonly scores: (series: Series) => Promise<Float64Array>;
}

/** Says the same of every row: nothing, once no threshold is worth it. */
const nothing: Detector = { name: 'null', scores: async ({ values }) => new Float64Array(values.length).fill(0.5) };

/** An alarm every `rows` rows, whatever comes: what knowing nothing is worth under this scoring. */
const everyRows = (rows: number): Detector => ({
  name: `every${rows}`,
  scores: async ({ values }) => Float64Array.from(values, (_, row) => (row % rows === rows - 1 ? 1 : 0)),
});

const WINDOW_ROWS = 6400;
const WINDOW_STEP = 100;

/** The benchmark's own windowedGaussian: how far in the tail of a normal distribution over the last 6400 values. */
const windowedGaussian: Detector = {
  name: 'windowedGaussian',
  async scores({ values }) {
    const scores = new Float64Array(values.length);
    let [first, known, mean, deviation] = [0, 0, 0, 1];
    for (let row = 0; row < values.length; row++) {
      if (known > 0) scores[row] = 1 - normalTail(Math.abs(values[row]! - mean) / deviation);
      if (known < WINDOW_ROWS) known++;
      else if ((row + 1 - first - known) % WINDOW_STEP === 0) first += WINDOW_STEP;
      else continue;
      const window = values.subarray(first, first + known);
      mean = window.reduce((sum, x) => sum + x, 0) / known;
      deviation = Math.sqrt(window.reduce((sum, x) => sum + (x - mean) * (x - mean), 0) / known) || 1e-6;
    }
    return scores;
  },
};

/** The anomaly score of the forecast pipeline: one-step errors against their own spread. 1 - e^-score keeps it below 1. */
const residual: Detector = {
  name: 'forecastResidual',
  async scores(series) {
    const scores = new Float64Array(series.values.length);
    await runSeries(await openNamed('forecast', { horizon: 1 }), series, (item) => {
      if (item.kind === 'forecast' && item.anomaly[0]! > 0) scores[item.from] = 1 - exp(-item.anomaly[0]! / 10);
    });
    return scores;
  },
};

/** The anomaly pipeline: what each row would be worth as an alarm, a / (1 + a); 0.5 is its own threshold of 1. */
const ours: Detector = {
  name: 'millrace',
  async scores(series) {
    const scores = new Float64Array(series.values.length);
    await runSeries(await openNamed('anomaly', { readings: 'on' }), series, (item) => {
      if (item.kind === 'detection' && item.name === 'anomaly') {
        scores[item.from] = item.values.alarm! / (1 + item.values.alarm!);
      }
    });
    return scores;
  },
};

export const DETECTORS: readonly Detector[] = [nothing, everyRows(400), windowedGaussian, residual, ours];
