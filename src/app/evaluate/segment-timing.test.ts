import { describe, expect, it } from 'vitest';
import { bundledSpeech } from '../../../test/helpers/bundled-recording.ts';
import { createOpenPipeline } from '../open-pipeline.ts';
import { segmentTiming, tellSegments } from './segment-timing.ts';

describe('segmentTiming', () => {
  const speech = [
    [1, 2],
    [2.2, 3], // one utterance with the one before it
    [5, 6],
    [8, 9],
  ] as const;

  it('measures starts and ends by when they were told, and takes short pauses for speech', () => {
    const timing = segmentTiming(
      speech,
      [
        { start: 1.1, end: 3.15 },
        { start: 5.2, end: 6.5 },
      ],
      12,
    );
    expect(timing.utterances).toBe(3);
    expect(timing.onsets.map((x) => x.toFixed(2))).toEqual(['0.10', '0.20']);
    expect(timing.ends.map((x) => x.toFixed(2))).toEqual(['0.15', '0.50']);
    expect([timing.cuts, timing.falseAlarms]).toEqual([0, 0]);
    expect(timing.noiseSeconds).toBeCloseTo(12 - 4 - 3 * 0.5, 9);
  });

  it('counts what is cut in two, and what ended before its time', () => {
    const timing = segmentTiming(
      speech,
      [
        { start: 1.1, end: 1.5 },
        { start: 1.6, end: 2.7 },
      ],
      12,
    );
    expect(timing.cuts).toBe(1);
    expect(timing.ends[0]).toBeCloseTo(-0.3, 9);
  });

  it('gives an end until the next utterance at most, and none for speech that the scene cuts off', () => {
    const all = [
      { start: 1.1, end: 7 },
      { start: 8.1, end: 9 },
    ];
    const { ends } = segmentTiming(speech, all, 9.2);
    expect(ends.map((x) => x.toFixed(2))).toEqual(['2.00', '1.00']);
  });

  it('counts segments in noise alone', () => {
    const told = [
      { start: 0.2, end: 0.6 },
      { start: 6.2, end: 6.4 },
      { start: 7, end: 7.5 },
    ];
    expect(segmentTiming(speech, told, 12).falseAlarms).toBe(2);
  });

  it('hears the two sentences of the bundled recording', async () => {
    const loaded = await createOpenPipeline()('vad', { segments: 'on' });
    const segments = await tellSegments(loaded, { samples: await bundledSpeech() });
    expect(segments.length).toBeGreaterThan(1);
    for (const { start, end } of segments) expect(end).toBeGreaterThan(start);
  });
});
