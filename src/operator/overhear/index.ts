export { overhear } from './overhear.ts';
