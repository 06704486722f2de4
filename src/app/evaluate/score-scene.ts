// A detector's answers as one score per 10 ms hop, whatever it answers at: an answer counts for every hop whose middle lies in
// the rows it is about. One that is about 32 ms thus sees up to 27 ms more of the future than one that is about 10.

import { streamId } from '../../base/units.ts';
import type { LoadedPipeline } from '../../pipeline/connect.ts';
import { Session } from '../../session/session.ts';
import { systemClock } from '../clock.ts';
import { HOP_ROWS, RATE_HZ, type Scene } from './vad-scenes.ts';

export interface HopScores {
  /** [hops] probability of speech. */
  readonly scores: Float32Array;
  /** [hops] row at which the score could be known: the end of what it is about. */
  readonly knownAt: Float64Array;
}

/** Room for `hops` scores, and a function that takes an answer about rows [from, to). */
export function collectScores(hops: number): HopScores & { add(from: number, to: number, score: number): void } {
  const scores = new Float32Array(hops);
  const knownAt = Float64Array.from({ length: hops }, (_, hop) => (hop + 1) * HOP_ROWS);
  return {
    scores,
    knownAt,
    add(from, to, score) {
      const first = Math.ceil(from / HOP_ROWS - 0.5);
      const last = Math.min(Math.ceil(to / HOP_ROWS - 0.5), hops);
      scores.fill(score, first, last);
      knownAt.fill(to, first, last);
    },
  };
}

/** @param now microseconds: what `us` is measured by */
export async function scoreScene(
  loaded: LoadedPipeline,
  { samples, labels }: Pick<Scene, 'samples' | 'labels'>,
  now: () => number = systemClock.now,
): Promise<HopScores & { us: number; bytes: number }> {
  const { add, ...kept } = collectScores(labels.length);
  const session = new Session({
    id: streamId('scene'),
    loaded,
    source: { rateHz: RATE_HZ, width: 1 },
    clock: systemClock,
    onOutput: ({ item }) => {
      if (item.kind === 'detection' && item.name === 'vad') add(item.from, item.to, item.values.speech!);
    },
  });
  const started = now();
  for (let at = 0; at < samples.length; at += 10 * HOP_ROWS) {
    session.rows(samples.subarray(at, at + 10 * HOP_ROWS));
    await session.idle();
  }
  const us = now() - started;
  session.close();
  return { ...kept, us, bytes: session.stateBytes };
}
