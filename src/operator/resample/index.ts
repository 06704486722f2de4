export { type ResampleOptions, resample } from './resample.ts';
