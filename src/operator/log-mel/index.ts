export { type LogMelOptions, logMel } from './log-mel.ts';
