// Scores of a run, against ones reckoned by hand from the same rows.

import { expect, it } from 'vitest';
import { micros } from '../../base/units.ts';
import type { Forecast } from '../../item/item.ts';
import { forecastSummary } from './forecast-summary.ts';

const item = (from: number, mean: number): Forecast => ({
  ...{ kind: 'forecast', from, to: from + 1, pts: micros(from), width: 1, horizons: Uint32Array.of(1, 2) },
  mean: Float32Array.of(mean, mean),
  lower: Float32Array.of(mean - 1, mean - 1),
  upper: Float32Array.of(mean + 1, mean + 1),
  anomaly: Float32Array.of(0),
  quantiles: new Float32Array(18).fill(mean),
});

it('scores every forecast once its value has come, however rows are cut', () => {
  const values = Float32Array.from([0, 2, 0, 4, 0, 6]);
  const texts = [1, 2, 6].map((cut) => {
    const summary = forecastSummary(1, 2, 2);
    for (let at = 0; at < 6; at += cut) {
      for (let row = at; row < at + cut; row++) summary.output(item(row, 1));
      summary.rows(at, values.subarray(at, at + cut));
    }
    return summary.text();
  });
  expect(new Set(texts).size).toBe(1);
  // |1 - value| over steps 1 and 2: rows 1 .. 5 give 1 1 3 1 5, rows 2 .. 5 give 1 3 1 5: 21 / 9. A season apart: 0 2 0 2: 1.
  const ours = texts[0]!.split('\n').find((line) => line.startsWith('forecast'))!;
  expect(ours).toContain('2.33'); // 21 / 9 / 1
  expect(ours).toContain('55.6 %'); // five of nine within 1
  expect(ours).toContain('1.17'); // all quantiles at the mean: half the absolute error
});
