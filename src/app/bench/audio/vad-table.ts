// Runs every detector over every labelled scene, a scene at a time and all detectors in turn on it: area under the ROC curve
// for each SNR, delays of onset and end, false alarms in noise alone (evaluate/vad-timing.ts, threshold 0.5), cost.

import { rocAuc } from '../../evaluate/roc-auc.ts';
import { RATE_HZ, readScene, type SceneEntry } from '../../evaluate/vad-scenes.ts';
import { type VadTiming, vadTiming } from '../../evaluate/vad-timing.ts';
import { timing } from '../interleave.ts';
import type { BenchContext, BenchRecord, Report } from '../record.ts';
import type { Detector } from './detectors.ts';
import { costReporter } from './report-costs.ts';

interface Result {
  readonly snr: number;
  readonly scores: Float32Array;
  readonly labels: Uint8Array;
  readonly timing: VadTiming;
  /** CPU a second of audio. */
  readonly us: number;
}
type Results = ReadonlyMap<string, readonly Result[]>;

const SECTION = 'audio';

/** The others are held against Silero, without it against the first. */
export async function vadTable(
  scenes: readonly SceneEntry[],
  detectors: readonly Detector[],
  report: Report,
  note: BenchContext['note'],
): Promise<void> {
  if (detectors.length === 0) return note('scenes are left out: there is no detector');
  const results = new Map<string, Result[]>(detectors.map(({ name }) => [name, []]));
  for (const [at, entry] of scenes.entries()) {
    const { samples, labels, speech, snr } = await readScene(entry);
    const scene = { ...entry, samples, labels };
    if (at === 0) for (const detector of detectors) await detector.score(scene);
    for (const detector of detectors) {
      const { us, ...hops } = await detector.score(scene);
      const perSecond = us / (samples.length / RATE_HZ);
      const result = { snr, scores: hops.scores, labels, timing: vadTiming(speech, hops), us: perSecond };
      results.get(detector.name)!.push(result);
    }
  }
  const baseline = detectors.find(({ name }) => name.startsWith('Silero'))?.name ?? detectors[0]!.name;
  reportAreas(report, results, baseline);
  for (const [name, all] of results) reportTiming(report, name, all);
  const reportCost = costReporter(report, results, baseline);
  for (const name of results.keys()) reportCost(name);
}

function reportAreas(report: Report, results: Results, baseline: string): void {
  const snrs = [...new Set(results.get(baseline)!.map(({ snr }) => snr))].sort((a, b) => a - b);
  const area = (name: string, snr: number | undefined): number => {
    const chosen = results.get(name)!.filter((result) => snr === undefined || result.snr === snr);
    return rocAuc(
      chosen.flatMap(({ scores }) => [...scores]),
      chosen.flatMap(({ labels }) => [...labels]),
    );
  };
  for (const snr of [...snrs, undefined]) {
    const beside = area(baseline, snr);
    for (const name of results.keys()) {
      const value = area(name, snr);
      // Scenes without any speech, or nothing but, have no curve.
      if (!Number.isFinite(value)) continue;
      const band = snr === undefined ? 'all scenes' : `SNR ${snr} dB`;
      const compared = name === baseline ? {} : { baseline, difference: value - beside };
      report({ section: SECTION, name: `${name}, ${band}, ROC AUC`, value, unit: 'of 1', ...compared });
    }
  }
}

function reportTiming(report: Report, name: string, all: readonly Result[]): void {
  const say = (what: string, value: number, unit: string, spread?: BenchRecord['spread']): void => {
    if (Number.isFinite(value)) {
      report({ section: SECTION, name: `${name}, ${what}`, value, unit, ...(spread && { spread }) });
    }
  };
  const sum = (of: (timing: VadTiming) => number): number =>
    all.reduce((total, result) => total + of(result.timing), 0);
  for (const [what, which] of [
    ['speech is noticed after', 'onsets'],
    ['its end is noticed after', 'ends'],
  ] as const) {
    const delays = all.flatMap((result) => result.timing[which].map((seconds) => 1000 * seconds));
    const { median, spread } = timing(what, delays);
    if (delays.length > 0) say(what, median, 'ms', spread);
  }
  const utterances = sum((each) => each.utterances);
  say('utterances missed', (100 * (utterances - sum(({ onsets }) => onsets.length))) / utterances, '%');
  const noise = sum(({ noiseSeconds }) => noiseSeconds);
  say('false alarms in noise alone', (60 * sum(({ falseAlarms }) => falseAlarms)) / noise, 'a minute');
  say('noise alone taken for speech', (100 * sum(({ falseSeconds }) => falseSeconds)) / noise, '% of time');
}
