export type { FilterHeads, FilterRowsOptions } from './filter-rows.ts';
export { readHeads } from './read-heads.ts';
export { type SpectralFilterOptions, spectralFilter } from './spectral-filter.ts';
