export type { ThresholdOptions } from './segment.ts';
export { SPEECH_SEGMENTS } from './speech-segments.ts';
export { threshold } from './threshold.ts';
