// Public door of the forecaster.

export { QUANTILES } from './channel-state.ts';
export { forecast } from './forecast.ts';
export type { ForecastOptions } from './sizes.ts';
