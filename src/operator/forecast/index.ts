// Public door of the forecaster.

export { EXPERTS, QUANTILES } from './channel-state.ts';
export { forecast } from './forecast.ts';
export { type ForecastOptions, forecastSizes } from './sizes.ts';
