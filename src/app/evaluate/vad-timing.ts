// What an area under a curve does not tell of a detector: how late it notices speech and its end, and what it takes for speech
// in noise alone. Decisions are plain: speech where the score is at or above a threshold; no smoothing, for that is the caller's.

import type { HopScores } from './score-scene.ts';
import { HOP_ROWS, RATE_HZ, type SceneEntry } from './vad-scenes.ts';

/** Labelled stretches with less than this between them are one utterance. */
const PAUSE_SECONDS = 0.3;
/** Time after an utterance that is not yet noise alone: reverberation, breath, and detectors that hold on on purpose. */
export const FADE_SECONDS = 0.5;

export interface VadTiming {
  /** Seconds from the start of each utterance that was noticed until that could be known. */
  readonly onsets: readonly number[];
  /** Seconds from the end of each of these until an answer below the threshold could be known; until the next one at most. */
  readonly ends: readonly number[];
  readonly utterances: number;
  /** Seconds of noise alone. */
  readonly noiseSeconds: number;
  /** Of these, seconds taken for speech, and in how many runs. */
  readonly falseSeconds: number;
  readonly falseAlarms: number;
}

export function vadTiming(speech: SceneEntry['speech'], { scores, knownAt }: HopScores, threshold = 0.5): VadTiming {
  const utterances = joined(speech);
  const middle = (hop: number): number => ((hop + 0.5) * HOP_ROWS) / RATE_HZ;
  const said = (hop: number): boolean => scores[hop]! >= threshold;
  /** When the first hop with its middle in [from, to) for which `wanted` is true could be known. */
  const firstKnown = (from: number, to: number, wanted: (hop: number) => boolean): number | undefined => {
    const first = Math.max(0, Math.ceil((from * RATE_HZ) / HOP_ROWS - 0.5));
    for (let hop = first; hop < scores.length && middle(hop) < to; hop++) {
      if (wanted(hop)) return knownAt[hop]! / RATE_HZ;
    }
    return undefined;
  };
  const onsets: number[] = [];
  const ends: number[] = [];
  const total = (scores.length * HOP_ROWS) / RATE_HZ;
  for (const [i, [start, end]] of utterances.entries()) {
    const noticed = firstKnown(start, end, said);
    if (noticed === undefined) continue;
    const next = utterances[i + 1]?.[0] ?? total;
    onsets.push(noticed - start);
    ends.push((firstKnown(end, next, (hop) => !said(hop)) ?? next) - end);
  }
  const noise = (hop: number): boolean =>
    !utterances.some(([start, end]) => middle(hop) >= start && middle(hop) < end + FADE_SECONDS);
  let [noiseHops, falseHops, falseAlarms] = [0, 0, 0];
  let before = false;
  for (let hop = 0; hop < scores.length; hop++) {
    const wrong = noise(hop) && said(hop);
    if (noise(hop)) noiseHops++;
    if (wrong) falseHops++;
    if (wrong && !before) falseAlarms++;
    before = wrong;
  }
  const seconds = (hops: number): number => (hops * HOP_ROWS) / RATE_HZ;
  return {
    onsets,
    ends,
    utterances: utterances.length,
    noiseSeconds: seconds(noiseHops),
    falseSeconds: seconds(falseHops),
    falseAlarms,
  };
}

/** Labelled stretches as utterances. */
export function joined(speech: SceneEntry['speech']): [number, number][] {
  const utterances: [number, number][] = [];
  for (const [start, end] of [...speech].sort((a, b) => a[0] - b[0])) {
    const last = utterances.at(-1);
    if (last && start - last[1] < PAUSE_SECONDS) last[1] = Math.max(last[1], end);
    else utterances.push([start, end]);
  }
  return utterances;
}
