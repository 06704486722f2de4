// What somebody who waits for vad.start and vad.end has of a detector: how late each is told, how often one utterance is cut in
// two, how often a segment is told of where nobody speaks. All by the time at which it was told, never by where it says it lies.
// Readings without segments: vad-timing.ts.

import { streamId } from '../../base/units.ts';
import type { LoadedPipeline } from '../../pipeline/connect.ts';
import { Session } from '../../session/session.ts';
import { systemClock } from '../clock.ts';
import { HOP_ROWS, RATE_HZ, type Scene, type SceneEntry } from './vad-scenes.ts';
import { FADE_SECONDS, joined } from './vad-timing.ts';

/** Seconds of the stream that had come when it was told. */
export interface ToldSegment {
  readonly start: number;
  readonly end: number;
}

export interface SegmentTiming {
  readonly utterances: number;
  /** Seconds from the start of each utterance that was noticed until that was told; 0 inside a segment that was under way. */
  readonly onsets: readonly number[];
  /** Seconds from its end until that was told; until the next one at most. Below 0: the last of its segments ended before it. */
  readonly ends: readonly number[];
  /** Segments that ended inside an utterance, with another behind it. */
  readonly cuts: number;
  readonly falseAlarms: number;
  readonly noiseSeconds: number;
}

/** An end told so shortly before the labelled one cuts nothing: labels hold on for 30 ms and know no reverberation. */
const NEAR_SECONDS = 0.1;

/** @param loaded a pipeline that tells segments; rows come hop by hop */
export async function tellSegments(
  loaded: LoadedPipeline,
  { samples }: Pick<Scene, 'samples'>,
): Promise<ToldSegment[]> {
  const segments: ToldSegment[] = [];
  let [fed, start] = [0, 0];
  const session = new Session({
    id: streamId('scene'),
    loaded,
    source: { rateHz: RATE_HZ, width: 1 },
    clock: systemClock,
    onOutput: ({ item }) => {
      if (item.kind !== 'detection') return;
      if (item.name === 'vad.start') start = fed / RATE_HZ;
      if (item.name === 'vad.end') segments.push({ start, end: fed / RATE_HZ });
    },
  });
  for (let at = 0; at < samples.length; at += HOP_ROWS) {
    fed = Math.min(at + HOP_ROWS, samples.length);
    session.rows(samples.subarray(at, fed));
    await session.idle();
  }
  session.mark('end');
  await session.idle();
  session.close();
  return segments;
}

/** @param seconds of the scene; an utterance that ends in its last half second says nothing about ends */
export function segmentTiming(
  speech: SceneEntry['speech'],
  segments: readonly ToldSegment[],
  seconds: number,
): SegmentTiming {
  const utterances = joined(speech);
  const onsets: number[] = [];
  const ends: number[] = [];
  let cuts = 0;
  for (const [i, [start, end]] of utterances.entries()) {
    const own = segments.filter((segment) => segment.start < end + NEAR_SECONDS && segment.end > start);
    const last = own.at(-1);
    if (!last) continue;
    onsets.push(Math.max(0, own[0]!.start - start));
    cuts += own.filter((segment) => segment !== last && segment.end < end - NEAR_SECONDS).length;
    const next = utterances[i + 1]?.[0] ?? seconds;
    if (end < seconds - FADE_SECONDS) ends.push(Math.min(last.end, next) - end);
  }
  const heard = ({ start, end }: ToldSegment): boolean =>
    utterances.some(([from, to]) => start < to + FADE_SECONDS && end > from);
  const near = utterances.reduce((sum, [start, end]) => sum + Math.min(end + FADE_SECONDS, seconds) - start, 0);
  return {
    utterances: utterances.length,
    onsets,
    ends,
    cuts,
    falseAlarms: segments.filter((segment) => !heard(segment)).length,
    noiseSeconds: seconds - near,
  };
}
