export { logMel } from './log-mel.ts';
export { type LogMelHopsOptions, logMelHops } from './log-mel-hops.ts';
export type { LogMelOptions } from './mel-rows.ts';
