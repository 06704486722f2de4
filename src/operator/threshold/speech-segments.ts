// When readings of speech, one every 10 ms at 16 kHz, make a segment: what the shipped detectors were tried with, all of them.
// Chosen on 388 utterances of the training data's development split in noise of 0 to 20 dB, so that nine ends of ten are known
// 200 ms behind the last speech (`millrace evaluate vad`). Sooner is dearer: with these, 30 utterances are cut in two at a pause
// of their own. With hysteresis and a hang time of 120 ms alone it was 25, and a tenth of the ends came after 0.5 s and more:
// noise keeps readings above any `off` that speech does not fall under as well.

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
