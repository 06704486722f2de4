export { type ThresholdOptions, threshold } from './threshold.ts';
