export type { ThresholdOptions } from './segment.ts';
export { DENOISED_SEGMENTS, SPEECH_SEGMENTS } from './speech-segments.ts';
export { threshold } from './threshold.ts';
