// Public door of the forecaster.

export { forecast } from './forecast.ts';
export type { ForecastOptions } from './sizes.ts';
