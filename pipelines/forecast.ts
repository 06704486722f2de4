// forecast: any sensor's next rows, with nothing trained beforehand. A HiPPO memory of constant size per column, read out by
// regression that is learned online from what the stream itself shows, or attention over its raw past; beside it profiles of
// the season and the last value, all weighed by their own running error.
//   rows (NaN = missing, times optional) -> forecast {mean, lower, upper} for 1 .. horizon rows ahead, anomaly score
// Measured on ETTh1, and what falls short: docs/adr/0016, 0019.

import { forecast, MODEL_KNOTS, type TrainedModel } from '../src/operator/forecast/index.ts';
import { definePipeline } from '../src/pipeline/define-pipeline.ts';
import { tensor } from '../src/weights/tensor.ts';

interface Models {
  readonly id: string;
  readonly model: TrainedModel;
}

/** Shapes of models/forecast-* that the regression is told of. */
const COEFFICIENTS = 4;

export default definePipeline<Models | undefined>({
  name: 'forecast',
  summary: 'any sensor: the next rows with intervals, and an anomaly score per row',
  input: { kind: 'sensor', rateHz: 0, width: 0, hopRows: 1 },
  options: {
    cell: {
      type: 'choice',
      values: ['ssm', 'attention'],
      default: 'ssm',
      help: 'what reads the past: regression on HiPPO memories, or attention over a window of as many bytes',
    },
    horizon: { type: 'number', default: 24, min: 1, max: 1000, integer: true, help: 'rows ahead' },
    season: {
      type: 'number',
      default: 24,
      min: 2,
      max: 10_080,
      integer: true,
      help: 'rows per season: 24 for a day of hours',
    },
    coverage: { type: 'number', default: 0.9, min: 0.5, max: 0.99, help: 'share of values that the intervals hold' },
    size: {
      type: 'choice',
      values: ['full', 'small'],
      default: 'full',
      help: 'small: half of the state, 1.6 % less accurate; for many sensors on a small device',
    },
    model: {
      type: 'choice',
      values: ['none', 'forecast-ssm', 'forecast-attention'],
      default: 'none',
      help: 'a network trained beforehand as one more expert, on which the regression goes on learning',
    },
    quantiles: {
      type: 'choice',
      values: ['none', 'nine'],
      default: 'none',
      help: 'nine: results carry nine quantiles and who speaks at each step',
    },
  },
  async load(open, { model: name }, engine) {
    if (name === 'none') return undefined;
    // A stream that learns by itself needs no cells of networks: a quarter of the modules.
    const { buildStack } = await import('../src/pipeline/build-stack.ts');
    const opened = await open(String(name));
    const basis = tensor(opened.weights, 'basis.weight', [COEFFICIENTS, MODEL_KNOTS.length]);
    return { id: opened.id, model: { cell: buildStack(opened, { engine }), basis, coefficients: COEFFICIENTS } };
  },
  modelIds: (models) => (models ? [models.id] : []),
  stages: (models, { cell, horizon, season, coverage, size, quantiles }, { width, rateHz }, { simd }) => [
    forecast({
      width,
      horizon: Number(horizon),
      seasonRows: Number(season),
      coverage: Number(coverage),
      cell: cell === 'attention' ? 'attention' : 'ssm',
      rateHz,
      size: size === 'small' ? 'small' : 'full',
      quantiles: quantiles === 'nine',
      model: models?.model,
      simd,
    }),
  ],
});
