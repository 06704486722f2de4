import { expect, it } from 'vitest';
import { collectScores } from './score-scene.ts';
import { HOP_ROWS } from './vad-scenes.ts';
import { vadTiming } from './vad-timing.ts';

/** Ten seconds; speech is said in hops [from, to) of each pair. */
function saying(...stretches: [number, number][]) {
  const { add, ...hops } = collectScores(1000);
  for (const [from, to] of stretches) add(from * HOP_ROWS, to * HOP_ROWS, 0.9);
  // What is added in one piece is known at its end; here each hop is its own answer.
  for (const [hop] of hops.knownAt.entries()) hops.knownAt[hop] = (hop + 1) * HOP_ROWS;
  return hops;
}

it('tells how late speech and its end are noticed, the hop itself included', () => {
  const { onsets, ends, utterances } = vadTiming(
    [
      [1, 2],
      [5, 6],
    ],
    saying([105, 220], [490, 600]),
  );
  expect(utterances).toBe(2);
  expect(onsets).toEqual([expect.closeTo(0.06, 9), expect.closeTo(0.01, 9)]);
  expect(ends).toEqual([expect.closeTo(0.21, 9), expect.closeTo(0.01, 9)]);
});

it('takes a short pause for none, and misses what is never said', () => {
  const speech = [
    [1, 1.5],
    [1.7, 2],
    [5, 6],
  ] as const;
  const { onsets, utterances } = vadTiming(speech, saying([160, 165]));
  expect(utterances).toBe(2);
  expect(onsets).toEqual([expect.closeTo(0.61, 9)]);
});

it('counts alarms in noise alone, half a second after speech and later', () => {
  // 1 .. 2 is speech, 2 .. 2.5 its fading; runs at 3.0 (0.2 s) and 7.0 (0.1 s) are false.
  const timing = vadTiming([[1, 2]], saying([100, 240], [300, 320], [700, 710]));
  expect(timing.falseAlarms).toBe(2);
  expect(timing.falseSeconds).toBeCloseTo(0.3, 9);
  expect(timing.noiseSeconds).toBeCloseTo(8.5, 9);
});

it('has no onsets without speech, and counts all of it as noise', () => {
  expect(vadTiming([], saying([0, 10]))).toEqual({
    ...{ onsets: [], ends: [], utterances: 0, noiseSeconds: 10, falseSeconds: 0.1, falseAlarms: 1 },
  });
});

it('gives an answer about 32 ms to the hops whose middle lies in it, known at its end', () => {
  const { add, scores, knownAt } = collectScores(8);
  add(0, 512, 0.25);
  add(512, 1024, 0.75);
  expect([...scores]).toEqual([0.25, 0.25, 0.25, 0.75, 0.75, 0.75, 0, 0]);
  expect([...knownAt]).toEqual([512, 512, 512, 1024, 1024, 1024, 1120, 1280]);
});
