// Public door of the HiPPO memory.

import type { HippoCell } from './cell.ts';
import { hippoCell } from './cell.ts';
import { hippoNaive } from './naive.ts';
import type { HippoConfig } from './params.ts';

export { type HippoCell, type HippoLayout, hippoCell, hippoLayout } from './cell.ts';
export type { HippoConfig } from './params.ts';

// Nothing is random in this cell: the seed chooses the measure and the sizes.
const sampleConfig = (seed: number): HippoConfig =>
  seed % 2 === 1
    ? { measure: 'legt', width: 2, order: 4, windowRows: 10 + seed }
    : { measure: 'legs', width: 2, order: 4 };

export const sampleCell = (seed: number): HippoCell => hippoCell(sampleConfig(seed));
export const naiveScan = (seed: number, x: Float32Array, rows: number): Float64Array =>
  hippoNaive(sampleConfig(seed), x, rows);
