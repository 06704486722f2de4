export { type ResampleOptions, resample } from './resample.ts';
export { oneWay, roundTrip } from './trips.ts';
