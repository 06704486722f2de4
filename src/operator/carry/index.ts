export { type CarryOptions, carry } from './carry.ts';
