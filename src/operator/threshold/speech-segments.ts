// When readings of speech, one every 10 ms at 16 kHz, make a segment. Chosen on scenes of the training data's development split
// in noise of 0 to 20 dB, so that nine ends of ten are known 200 ms behind the last speech (`millrace evaluate vad`).
// SPEECH_SEGMENTS, on 388 utterances: sooner is dearer; with these, 30 utterances are cut in two at a pause of their own. With
// hysteresis and a hang time of 120 ms alone it was 25, and a tenth of the ends came after 0.5 s and more: noise keeps readings
// above any `off` that speech does not fall under as well.

import type { ThresholdOptions } from './segment.ts';

const RATE_HZ = 16_000;
const HOP_ROWS = 160;

export const SPEECH_SEGMENTS = {
  name: 'vad',
  value: 'speech',
  on: 0.9,
  off: 0.4,
  minOnRows: 5 * HOP_ROWS, // told of after 50 ms of speech
  hangRows: 12 * HOP_ROWS,
  lack: { under: 0.85, rows: 5 * HOP_ROWS }, // 60 ms where readings fall to nothing, 140 where they stay at a half
  preRollRows: 15 * HOP_ROWS,
  tailRows: 10 * HOP_ROWS,
  rateHz: RATE_HZ,
} as const satisfies ThresholdOptions;

/**
 * The same for the speech head of the denoisers, whose readings rise sooner and higher and fall more slowly: they were taught
 * that a pause of 200 ms is still speech. Chosen on 1,032 utterances, an eighth of the scenes in rooms: of 288 settings those that
 * tell no start later, miss no more and give no more false segments than SPEECH_SEGMENTS, with at most six utterances of a thousand
 * more cut in two; of these the one with the fewest ends after 200 ms. Full model (as shipped; chosen with the weights before) and small:
 *
 *                      start told after, mean   ends after 200 ms   90 % by        cut in two    false, a minute
 *   SPEECH_SEGMENTS    120, 139 ms              6.7, 7.8 %          170, 190 ms    6.8, 6.9 %    3.9, 2.9
 *   DENOISED_SEGMENTS  107, 128 ms              3.3, 5.9 %          140, 150 ms    7.0, 7.1 %    3.0, 2.6
 */
export const DENOISED_SEGMENTS = {
  ...SPEECH_SEGMENTS,
  on: 0.94,
  minOnRows: 3 * HOP_ROWS,
  lack: { under: 0.8, most: 0.25, rows: 9 * 0.25 * HOP_ROWS }, // 90 ms where readings fall under .55, longer where they waver
} as const satisfies ThresholdOptions;
