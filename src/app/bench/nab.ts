// What detectors are worth on the Numenta Anomaly Benchmark (--data <its folder>): the published scoring in three profiles, of the
// series that choices were made on, of those that none was made on, and of all; ours beside simple ones in the same run. With
// --out, every series' scores in the benchmark's own layout.

import { readCorpus, type Series } from './nab/corpus.ts';
import { reportCoverage } from './nab/coverage.ts';
import { DETECTORS } from './nab/detectors.ts';
import { halfOf } from './nab/halves.ts';
import { PROFILES, type Scored, scoreNab } from './nab/score.ts';
import { writeResults } from './nab/write-results.ts';
import type { BenchContext, Report } from './record.ts';

interface Ran {
  readonly series: Series;
  readonly scored: Scored;
}

/** @throws ERR_USAGE without the benchmark's folder */
export async function benchNab(report: Report, { options, note }: BenchContext): Promise<void> {
  const corpus = await readCorpus(options.data);
  for (const detector of DETECTORS) {
    const ran: Ran[] = [];
    const started = performance.now();
    for (const series of corpus) {
      const scores = await detector.scores(series);
      ran.push({ series, scored: { scores, windows: series.windows } });
      if (options.out) await writeResults(options.out, detector.name, series, scores);
    }
    const rows = corpus.reduce((sum, { values }) => sum + values.length, 0);
    const us = ((performance.now() - started) * 1000) / rows;
    reportScores(detector.name, ran, report);
    report({ section: 'nab', name: `${detector.name}, a row`, value: us, unit: 'us' });
  }
  await reportCoverage(corpus, report);
  note('each threshold is one number for all series of its part, found as the benchmark does; "threshold of the');
  note(
    'development half": the held-out half scored with the threshold of the other one, so that nothing was chosen on it',
  );
}

function reportScores(name: string, ran: readonly Ran[], report: Report): void {
  const of = (half: string): Scored[] =>
    ran.filter(({ series }) => halfOf(series.key) === half).map(({ scored }) => scored);
  const [development, heldOut, all] = [of('development'), of('held-out'), ran.map(({ scored }) => scored)];
  for (const profile of PROFILES) {
    const tell = (part: string, score: number): void =>
      report({ section: 'nab', name: `${name}, ${profile.name}, ${part}`, value: score, unit: 'of 100' });
    tell('all', scoreNab(all, profile).score);
    if (development.length === 0 || heldOut.length === 0) continue;
    const { score, threshold } = scoreNab(development, profile);
    tell('development', score);
    tell('held-out', scoreNab(heldOut, profile).score);
    tell('held-out, threshold of the development half', scoreNab(heldOut, profile, threshold).score);
  }
}
