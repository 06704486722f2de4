// Forecasts that wait for their values: per judged knot a ring as long as its step, so that memory grows with the sum of the
// judged steps (300 entries at 24 steps, 4,000 at 720) and not with the horizon's square.

import type { ChannelViews } from './channel-state.ts';
import { learnError, learnQuantiles } from './conformal.ts';
import { chargeExperts } from './experts.ts';
import type { Moment } from './reader.ts';
import type { ForecastOptions, ForecastSizes } from './sizes.ts';

/** `half` [judged]: half widths; `mixed` [knots]; `experts` [expert][knots]. Stored as float32. */
export type Enqueue = (
  views: ChannelViews,
  row: number,
  experts: readonly Float64Array[],
  mixed: Float64Array,
  half: Float64Array,
) => void;

/** Every forecast that spoke of this row meets its value. */
export type Compare = (views: ChannelViews, row: number, value: number, deviation: Moment['deviation']) => void;

export function queue(
  options: ForecastOptions,
  { knots, judged, experts: count }: ForecastSizes,
): { enqueue: Enqueue; compare: Compare } {
  const { horizon, coverage, seasonRows } = options;
  const steps = judged.map((k) => knots[k]!);
  const first = steps.map((_, j) => steps.slice(0, j).reduce((sum, step) => sum + step, 0));

  return {
    enqueue({ said, mean, half }, row, experts, mixed, halves) {
      for (let j = 0; j < judged.length; j++) {
        const entry = first[j]! + (row % steps[j]!);
        const k = judged[j]!;
        for (let expert = 0; expert < count; expert++) said[entry * count + expert] = experts[expert]![k]!;
        mean[entry] = mixed[k]!;
        half[entry] = halves[j]!;
      }
    },
    compare(views, row, value, deviation) {
      const { issued, mean, half } = views;
      for (let j = 0; j < judged.length; j++) {
        const origin = row - steps[j]!;
        if (origin < 0 || issued[origin % horizon] !== origin) continue;
        const entry = first[j]! + (origin % steps[j]!);
        const error = mean[entry]! - value;
        chargeExperts(views, j, entry * count, value, deviation, count);
        learnQuantiles(views, j, -error, deviation);
        learnError(views, j, error, half[entry]!, deviation, coverage, seasonRows);
      }
    },
  };
}
