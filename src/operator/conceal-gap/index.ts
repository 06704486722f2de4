export { type ConcealGapOptions, concealGap } from './conceal-gap.ts';
