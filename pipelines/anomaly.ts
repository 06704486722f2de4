// anomaly: what is new in any sensor, with nothing trained and nothing set up. Each column by its own past: six numbers a row (level,
// rate of change, forecast error, hour of the week, standing still), each with a map of where it has been; few alarms, told once.
//   rows (NaN = missing, times optional) -> anomaly.start, anomaly.end {score, column, cause, value, expected, lower, upper}
// Scored on the Numenta Anomaly Benchmark, on series that no choice was made on too: docs/anomaly.md.

import { engineError } from '../src/base/errors.ts';
import { anomaly } from '../src/operator/anomaly/index.ts';
import { drift } from '../src/operator/drift/index.ts';
import { definePipeline } from '../src/pipeline/define-pipeline.ts';

/** Beyond every sensor: no bound. */
const BOUND = 1e30;

export default definePipeline({
  name: 'anomaly',
  summary: 'any sensor: few alarms, each with its onset, peak, end, cause and what was expected',
  input: { kind: 'sensor', rateHz: 0, width: 0, hopRows: 1 },
  options: {
    threshold: {
      type: 'number',
      default: 1,
      min: 0.1,
      max: 100,
      help: 'score that is an alarm; 1 was chosen for few misses, 2 gives fewer alarms',
    },
    quiet: {
      type: 'number',
      default: 250,
      min: 1,
      max: 1_000_000,
      integer: true,
      help: 'rows after an alarm in which only a worse one is told',
    },
    health: {
      type: 'choice',
      values: ['off', 'on'],
      default: 'off',
      help: 'also report a sensor that is stuck, creeping away or changed for good (level, spread, rate)',
    },
    low: {
      type: 'number',
      default: -BOUND,
      min: -BOUND,
      max: BOUND,
      help: 'with health=on: values below are out of range, of every column',
    },
    high: {
      type: 'number',
      default: BOUND,
      min: -BOUND,
      max: BOUND,
      help: 'with health=on: values above are out of range',
    },
    readings: { type: 'choice', values: ['off', 'on'], default: 'off', help: 'also report the score of every row' },
  },
  load: async (_open, { low, high }) => {
    if (Number(low) < Number(high)) return;
    throw engineError('ERR_OPTION_INVALID', `low = ${low} is not below high = ${high}`, { expected: 'low below high' });
  },
  modelIds: () => [],
  stages: (_models, { threshold, quiet, health, low, high, readings }, { width, rateHz }) => [
    ...(health === 'on' ? [drift({ width, rateHz, low: Number(low), high: Number(high) })] : []),
    anomaly({
      width,
      rateHz,
      threshold: Number(threshold),
      quietRows: Number(quiet),
      readings: readings === 'on' ? 'on' : 'off',
    }),
  ],
});
