export { drift } from './drift.ts';
export { type DriftOptions, KINDS, type Kind } from './options.ts';
