export { type ResampleOptions, resample, roundTrip } from './resample.ts';
