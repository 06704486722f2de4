export type { ScanOptions } from '../row-results.ts';
export { scanCell } from './scan-cell.ts';
