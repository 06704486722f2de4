// Runs every denoiser over every pair, a pair at a time and all denoisers one after the other on it, so that memory is one
// pair's and a slow spell of the machine meets everybody; then means with intervals, and differences pair by pair.

import { meanInterval } from '../../quality/bootstrap.ts';
import type { BenchContext, Report } from '../record.ts';
import type { Denoiser } from './denoisers.ts';
import type { Opinion } from './dnsmos.ts';
import { type Pair, readPair } from './pairs.ts';
import { costReporter } from './report-costs.ts';
import { METRICS, type Metric, type Scores, scoresOf } from './scores.ts';

/** One denoiser on one pair. */
interface Result {
  readonly snr: number | undefined;
  readonly scores: Scores;
  /** CPU a second of audio. */
  readonly us: number;
}
type Results = ReadonlyMap<string, readonly Result[]>;

const SECTION = 'audio';

/** @param denoisers the first is what the others are held against where there is no `RNNoise` */
export async function denoiseTable(
  pairs: readonly Pair[],
  denoisers: readonly Denoiser[],
  dnsmos: ((samples: Float32Array) => Promise<Opinion>) | undefined,
  report: Report,
  note: BenchContext['note'],
): Promise<void> {
  const results = await runAll(pairs, denoisers, dnsmos);
  const baseline = denoisers.find(({ name }) => name === 'RNNoise') ?? denoisers[0]!;
  for (const metric of Object.keys(METRICS) as Metric[]) reportMetric(report, note, metric, results, baseline.name);
  reportCosts(report, denoisers, results, baseline.name);
}

async function runAll(
  pairs: readonly Pair[],
  denoisers: readonly Denoiser[],
  dnsmos: ((samples: Float32Array) => Promise<Opinion>) | undefined,
): Promise<Results> {
  const results = new Map<string, Result[]>(denoisers.map(({ name }) => [name, []]));
  for (const [at, pair] of pairs.entries()) {
    const { noisy, clean } = await readPair(pair);
    const seconds = noisy.length / 16_000;
    // The compiler and the caches have seen everybody before the first turn that counts.
    if (at === 0) for (const denoiser of denoisers) await denoiser.clean(noisy);
    for (const denoiser of denoisers) {
      const { samples, us } = await denoiser.clean(noisy);
      const scores = await scoresOf(clean, samples, dnsmos);
      results.get(denoiser.name)!.push({ snr: pair.snr, scores, us: us / seconds });
    }
  }
  return results;
}

function reportMetric(
  report: Report,
  note: BenchContext['note'],
  metric: Metric,
  results: Results,
  baseline: string,
): void {
  const beside = results.get(baseline)!;
  const snrs = [...new Set(beside.flatMap(({ snr }) => (snr === undefined ? [] : [snr])))].sort((a, b) => a - b);
  for (const snr of [...snrs, undefined]) {
    for (const [name, all] of results) {
      const chosen = all.flatMap(({ scores, ...result }, at) => {
        const value = scores[metric];
        if (value === undefined || (snr !== undefined && result.snr !== snr)) return [];
        return [{ value, other: beside[at]!.scores[metric] }];
      });
      if (chosen.length === 0) continue;
      const { mean, interval } = meanInterval(chosen.map(({ value }) => value));
      const told = chosen.flatMap(({ value, other }) => (other === undefined ? [] : [value - other]));
      const difference = name === baseline || told.length === 0 ? undefined : meanInterval(told);
      const band = snr === undefined ? `all ${chosen.length}` : `SNR ${snr} dB`;
      report({
        section: SECTION,
        name: `${name}, ${band}, ${metric}`,
        value: mean,
        unit: METRICS[metric],
        interval,
        ...(difference && {
          baseline,
          difference: difference.mean,
          differenceInterval: difference.interval,
        }),
      });
    }
  }
  for (const [name, all] of results) {
    const untold = all.filter(({ scores }) => scores[metric] === undefined).length;
    // Nobody's is told without the network of DNSMOS, which is a note of its own.
    if (untold > 0 && (untold < all.length || !metric.startsWith('DNSMOS'))) {
      note(`${metric} of ${name} cannot be told for ${untold} of ${all.length} pairs`);
    }
  }
}

/** Cost, latency and what a conversion of the rate adds to it. */
function reportCosts(report: Report, denoisers: readonly Denoiser[], results: Results, baseline: string): void {
  const reportCost = costReporter(report, results, baseline);
  for (const denoiser of denoisers) {
    const { name, conversionMs } = denoiser;
    reportCost(name);
    report({ section: SECTION, name: `${name}, latency`, value: denoiser.latencyMs(), unit: 'ms' });
    if (conversionMs > 0) {
      report({ section: SECTION, name: `${name}, conversion of the rate adds`, value: conversionMs, unit: 'ms' });
    }
  }
}
