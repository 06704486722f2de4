export { type DetectOptions, detect } from './detect.ts';
