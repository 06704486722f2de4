export { type MixdownOptions, mixdown } from './mixdown.ts';
