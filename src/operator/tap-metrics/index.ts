export { type TapObserver, tapMetrics } from './tap-metrics.ts';
