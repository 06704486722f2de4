export type { LevelOptions } from './level-rows.ts';
export { type LevelSpectrumOptions, levelSpectrum } from './level-spectrum.ts';
export { type FrontEnd, readFrontEnd } from './read-front-end.ts';
