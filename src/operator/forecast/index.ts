// Public door of the forecaster.

export { QUANTILES } from './channel-state.ts';
export { forecast } from './forecast.ts';
export { EXPERTS } from './names.ts';
export { type ForecastOptions, forecastSizes, type TrainedModel } from './sizes.ts';
export { MODEL_KNOTS } from './trained.ts';
export { INPUTS } from './trained-inputs.ts';
