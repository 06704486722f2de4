// What candidates cost a second of audio: medians over the recordings, and of the ratios to the baseline's on the same one.

import { ratioOf, timing } from '../interleave.ts';
import type { Report } from '../record.ts';

/** @param results us: CPU a second of audio, of each recording in order. Says nothing of what costs nothing. */
export function costReporter(
  report: Report,
  results: ReadonlyMap<string, readonly { readonly us: number }[]>,
  baseline: string,
): (name: string) => void {
  const costs = new Map(
    [...results].map(([name, all]) => [
      name,
      timing(
        name,
        all.map(({ us }) => us),
      ),
    ]),
  );
  const beside = costs.get(baseline)!;
  return (name) => {
    const cost = costs.get(name)!;
    if (cost.median <= 0) return;
    report({
      section: 'audio',
      name: `${name}, cost`,
      value: cost.median / 1e6,
      unit: 'CPU s/s of audio',
      spread: [cost.spread[0] / 1e6, cost.spread[1] / 1e6],
      ...(name !== baseline && beside.median > 0 && { baseline, ratio: ratioOf(cost, beside) }),
    });
  };
}
