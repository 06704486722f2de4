// Public door of the S4D cell.

export { type S4dLayout, s4dCell, s4dLayout } from './cell.ts';
export { type S4dConfig, type S4dInit, type S4dParams, s4dInit, s4dParams } from './params.ts';
export { naiveScan, sampleCell } from './sample.ts';
