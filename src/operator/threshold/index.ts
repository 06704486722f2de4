export type { ThresholdOptions } from './segment.ts';
export { threshold } from './threshold.ts';
