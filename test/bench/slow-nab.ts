// The benchmark's scoring once more, as its paper tells it: one threshold at a time, one row at a time, nothing sorted or summed
// up. Slow; what src/app/bench/nab/score.ts is held to.

import type { Profile, Scored } from '../../src/app/bench/nab/score.ts';

const sigma = (y: number): number => (y >= 3 ? -1 : 2 * (1 / (1 + Math.exp(5 * y))) - 1);

function rawScore({ scores, windows }: Scored, { found, falseAlarm, missed }: Profile, threshold: number): number {
  const rows = scores.length;
  const start = Math.floor(Math.min(0.15 * rows, 0.15 * 5000));
  let total = 0;
  for (const [first, last] of windows) {
    if (last < start) continue;
    let alarm = -1;
    for (let row = Math.max(first, start); row <= last && alarm < 0; row++) if (scores[row]! >= threshold) alarm = row;
    const place = -(last - alarm + 1) / (last - first + 1);
    total += alarm < 0 ? -missed : (found * sigma(place)) / sigma(-1);
  }
  for (let row = start; row < rows; row++) {
    if (scores[row]! < threshold || windows.some(([first, last]) => row >= first && row <= last)) continue;
    const before = windows.filter(([, last]) => last < row).at(-1);
    total += falseAlarm * (before ? sigma((row - before[1]) / (before[1] - before[0])) : -1);
  }
  return total;
}

/** The best of all thresholds, on the scale of 0 (never an alarm) to 100 (one in the first row of each window, no other). */
export function slowNab(series: readonly Scored[], profile: Profile): number {
  const thresholds = new Set(series.flatMap(({ scores }) => [...scores]));
  const at = (threshold: number): number => series.reduce((sum, one) => sum + rawScore(one, profile, threshold), 0);
  const best = Math.max(...[...thresholds, 2].map(at));
  const windows = series.reduce((sum, one) => sum + one.windows.length, 0);
  const silent = -profile.missed * windows;
  return (100 * (best - silent)) / (profile.found * windows - silent);
}
