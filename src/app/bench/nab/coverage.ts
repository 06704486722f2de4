// Do the intervals of the forecast pipeline hold what they promise on sensors nobody tuned them to? Ten series of the benchmark,
// drawn by their names (the first real ones in the order of their SHA-256), 90 % intervals, after the rows for learning.

import type { Report } from '../record.ts';
import type { Series } from './corpus.ts';
import { openNamed, runSeries } from './run-series.ts';
import { probationRows } from './score.ts';

export const COVERED: readonly string[] = [
  'realTweets/Twitter_volume_PFE.csv',
  'realKnownCause/nyc_taxi.csv',
  'realAWSCloudwatch/rds_cpu_utilization_e47b3b.csv',
  'realTraffic/TravelTime_387.csv',
  'realKnownCause/rogue_agent_key_updown.csv',
  'realAWSCloudwatch/ec2_cpu_utilization_ac20cd.csv',
  'realAWSCloudwatch/ec2_cpu_utilization_5f5533.csv',
  'realTweets/Twitter_volume_KO.csv',
  'realTraffic/speed_6005.csv',
  'realAdExchange/exchange-4_cpm_results.csv',
];
const HORIZON = 24;

/** Share of values inside the interval issued for them, in percent: one row ahead, 24 rows ahead, all steps together. */
export async function coverageOf(series: Series): Promise<{ first: number; last: number; all: number }> {
  const loaded = await openNamed('forecast', { horizon: HORIZON, coverage: 0.9 });
  const { values } = series;
  const start = probationRows(values.length);
  const inside = new Float64Array(HORIZON);
  const counted = new Float64Array(HORIZON);
  await runSeries(loaded, series, (item) => {
    if (item.kind !== 'forecast' || item.from < start) return;
    for (let j = 0; j < HORIZON; j++) {
      const value = Math.fround(values[item.from + item.horizons[j]!] ?? Number.NaN);
      if (Number.isNaN(value) || Number.isNaN(item.lower[j]!)) continue;
      counted[j]! += 1;
      if (value >= item.lower[j]! && value <= item.upper[j]!) inside[j]! += 1;
    }
  });
  const share = (from: number, to: number): number =>
    (100 * inside.subarray(from, to).reduce((a, b) => a + b, 0)) /
    counted.subarray(from, to).reduce((a, b) => a + b, 0);
  return { first: share(0, 1), last: share(HORIZON - 1, HORIZON), all: share(0, HORIZON) };
}

export async function reportCoverage(corpus: readonly Series[], report: Report): Promise<void> {
  const sums = { first: 0, last: 0, all: 0 };
  const chosen = corpus.filter(({ key }) => COVERED.includes(key));
  if (chosen.length === 0) return;
  for (const series of chosen) {
    const covered = await coverageOf(series);
    report({
      section: 'nab',
      name: `90 % interval, ${series.key}, 1 .. 24 ahead`,
      value: covered.all,
      unit: '% inside',
    });
    for (const part of ['first', 'last', 'all'] as const) sums[part] += covered[part] / chosen.length;
  }
  const words = { first: '1 ahead', last: '24 ahead', all: '1 .. 24 ahead' };
  for (const part of ['first', 'last', 'all'] as const) {
    report({ section: 'nab', name: `90 % interval, mean, ${words[part]}`, value: sums[part], unit: '% inside' });
  }
}
