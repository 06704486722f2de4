export { type RehopOptions, rehop } from './rehop.ts';
