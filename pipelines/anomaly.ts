// anomaly: what is unusual in any sensor, with nothing trained and nothing set up. Each column by its own past: sixteen memories of
// level, spread, rate of change, forecast error and calendar, each judged by how unusual it is for itself; few alarms, told once.
//   rows (NaN = missing, times optional) -> anomaly.start, anomaly.end {score, column, cause, value, expected, lower, upper}
// Scored on the Numenta Anomaly Benchmark, on series that no choice was made on too: docs/anomaly.md.

import { anomaly } from '../src/operator/anomaly/index.ts';
import { drift } from '../src/operator/drift/index.ts';
import { definePipeline } from '../src/pipeline/define-pipeline.ts';

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
    readings: { type: 'choice', values: ['off', 'on'], default: 'off', help: 'also report the score of every row' },
  },
  load: async () => undefined,
  modelIds: () => [],
  stages: (_models, { threshold, quiet, health, readings }, { width, rateHz }) => [
    ...(health === 'on' ? [drift({ width, rateHz })] : []),
    anomaly({
      width,
      rateHz,
      threshold: Number(threshold),
      quietRows: Number(quiet),
      readings: readings === 'on' ? 'on' : 'off',
    }),
  ],
});
