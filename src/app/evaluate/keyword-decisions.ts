// What a keyword pipeline would decide at other thresholds: its probabilities are taken once, and the decision that its last
// operator makes is made again for each threshold. The same code, so the same answers.

import { streamId } from '../../base/units.ts';
import { makeState } from '../../cell/state.ts';
import { decideLayout, openDecider, startDeciding } from '../../operator/spot-words/decide.ts';
import type { LoadedPipeline } from '../../pipeline/connect.ts';
import { Session } from '../../session/session.ts';
import { systemClock } from '../clock.ts';

const HOP_ROWS = 160;

export interface Probabilities {
  readonly words: readonly string[];
  /** [hops, words] */
  readonly rows: readonly Float32Array[];
  /** Microseconds that it took. */
  readonly us: number;
  readonly stateBytes: number;
}

/** @param loaded keyword with probabilities on */
export async function probabilitiesOf(loaded: LoadedPipeline, sound: Float32Array): Promise<Probabilities> {
  const rows: Float32Array[] = [];
  let words: readonly string[] = [];
  const session = new Session({
    id: streamId('clip'),
    loaded,
    source: { rateHz: 16_000, width: 1 },
    clock: systemClock,
    onOutput({ item }) {
      if (item.kind !== 'detection' || item.name !== 'keyword') return;
      if (words.length === 0) words = Object.keys(item.values);
      rows.push(Float32Array.from(Object.values(item.values)));
    },
  });
  const started = systemClock.now();
  for (let at = 0; at < sound.length; at += 10 * HOP_ROWS) {
    session.rows(sound.subarray(at, at + 10 * HOP_ROWS));
    await session.idle();
  }
  session.mark('end');
  await session.idle();
  const us = systemClock.now() - started;
  session.close();
  return { words, rows, us, stateBytes: session.stateBytes };
}

export interface Decision {
  readonly word: string;
  readonly score: number;
  /** The hop after which it was said. */
  readonly hop: number;
}

/** As the pipeline decides, with one threshold for all of `only`, or of every word. */
export function decisionsAt(
  { words, rows }: Pick<Probabilities, 'words' | 'rows'>,
  threshold: number,
  settings: { readonly spanHops: number; readonly settleHops: number; readonly refractoryHops: number },
  only: readonly string[] = words,
): Decision[] {
  const columns = only.map((word) => words.indexOf(word));
  const { at } = makeState(decideLayout(columns.length, settings.spanHops));
  startDeciding(at);
  const decider = openDecider(at, { ...settings, thresholds: columns.map(() => threshold) });
  const p = new Float32Array(columns.length);
  const found: Decision[] = [];
  const settle = (hop: number): void => {
    const score = at.score[0]!;
    const said = decider.settle();
    if (said >= 0) found.push({ word: only[said]!, score, hop });
  };
  for (const [hop, row] of rows.entries()) {
    for (let i = 0; i < p.length; i++) p[i] = row[columns[i]!]!;
    decider.hear(p);
    if (decider.isDue()) settle(hop);
  }
  settle(rows.length);
  return found;
}
