export { anomaly } from './anomaly.ts';
export type { AnomalyOptions } from './options.ts';
export { CAUSES, type Cause } from './statistics.ts';
