export type { ScanOptions } from '../row-results.ts';
export { scanCellAsync } from './scan-cell-async.ts';
