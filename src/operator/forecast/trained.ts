// The expert that was trained beforehand: a small network reads how a column stands against its level and its season, one row
// at a time, and says how far the coming season will lie from the profile. One set of weights for any sensor: values are
// deviations in units of the usual deviation, time is counted in 24ths of a season (a row that comes late takes longer).
// What it says goes two ways: as an expert into the mix, and as a few coefficients into the regression, which learns online
// what to make of it. Weights and how they came about: models/forecast-ssm, train/forecast.py. Read next: trained-inputs.ts.

import { clearState, f32, f64, joinLayouts, splitState } from '../../cell/state.ts';
import { perColumn } from '../per-column.ts';
import type { StreamContext } from '../stage.ts';
import type { ChannelViews } from './channel-state.ts';
import type { Moment } from './reader.ts';
import type { ForecastOptions, ForecastSizes, TrainedModel } from './sizes.ts';
import { fillInputs, INPUTS } from './trained-inputs.ts';

/** Where the network speaks, in 24ths of a season: hours of a day, then quarters and halves of days up to thirty. */
export const MODEL_KNOTS: readonly number[] = [
  ...Array.from({ length: 24 }, (_, i) => 1 + i),
  ...Array.from({ length: 12 }, (_, i) => 30 + 6 * i),
  ...Array.from({ length: 52 }, (_, i) => 108 + 12 * i),
];
const TICKS_PER_SEASON = 24;
/** A row after a long silence: two weeks of days, beyond which the states remember nothing anyway. */
const DT_MOST = 336;
const LIMIT = 30;

export interface Trained {
  /** `rows` of time passed, for all columns. */
  wait(rows: number): void;
  /** One column: reads its row if it has a value; what it says then lies in `coefficients` [coefficients]. */
  read(channel: number, views: ChannelViews, moment: Moment, present: boolean, coefficients: Float64Array): void;
  /** The expert: out[k] for knot k, beside what the season's expert says. */
  tell(channel: number, moment: Moment, season: Float64Array, out: Float64Array): void;
  reset(): void;
}

const stateLayout = ({ width }: ForecastOptions) => ({
  /** Rows of time since the network's last row, the present one included. */
  late: f64(width, 1),
  /** Distance from the profile at the last row, then what the network said of MODEL_KNOTS. */
  said: f32(width, 1 + MODEL_KNOTS.length),
});

/** What all streams share; the result is called once per stream. */
export function trained(options: ForecastOptions, sizes: ForecastSizes, { cell, basis }: TrainedModel) {
  const { width, seasonRows } = options;
  const layout = stateLayout(options);
  const parts = Object.fromEntries(Array.from({ length: width }, (_, channel) => [String(channel), cell.layout]));
  const whole = joinLayouts(parts);
  const ticks = TICKS_PER_SEASON / seasonRows; // of a row
  const inputs = new Float32Array(INPUTS);
  const output = new Float32Array(MODEL_KNOTS.length);
  const timed = cell.stepAfter !== undefined;

  return (context: StreamContext): Trained => {
    const memory = context.state('forecast.model', whole, (state) => {
      for (const part of splitState(parts, state)) cell.init(part);
    });
    const state = context.state('forecast.model.said', layout, clearState);
    const cells = splitState(parts, memory);
    const columns = perColumn(state, width);
    const { late } = state.at;

    function advance(channel: number, views: ChannelViews, moment: Moment): void {
      const { said } = columns[channel]!;
      said[0] = fillInputs(inputs, views, moment, seasonRows);
      const dt = Math.min(late[channel]! * ticks, DT_MOST);
      if (timed) cell.stepAfter!(cells[channel]!, inputs, output, dt);
      else cell.step(cells[channel]!, inputs, output);
      for (let k = 0; k < output.length; k++) said[1 + k] = Math.min(Math.max(output[k]!, -LIMIT), LIMIT);
    }

    return {
      wait(rows) {
        for (let channel = 0; channel < width; channel++) late[channel]! += rows;
      },
      read(channel, views, moment, present, coefficients) {
        if (present) {
          // Before a whole season has been seen there is no profile to stand against.
          if (views.rows[0]! >= seasonRows) advance(channel, views, moment);
          late[channel] = 0;
        }
        const { said } = columns[channel]!;
        for (let i = 0; i < coefficients.length; i++) {
          let sum = 0;
          for (let k = 0; k < output.length; k++) sum += basis[i * output.length + k]! * said[1 + k]!;
          coefficients[i] = Math.min(Math.max(sum, -LIMIT), LIMIT);
        }
      },
      tell(channel, { deviation }, season, out) {
        const { said } = columns[channel]!;
        for (let k = 0, at = 0; k < out.length; k++) {
          const time = (sizes.knots[k]! + late[channel]!) * ticks;
          while (at + 1 < MODEL_KNOTS.length && MODEL_KNOTS[at]! < time) at++;
          // said[at] is of the knot before MODEL_KNOTS[at]; said[0] of now.
          const [from, to] = [at === 0 ? 0 : MODEL_KNOTS[at - 1]!, MODEL_KNOTS[at]!];
          const share = Math.min((time - from) / (to - from), 1);
          out[k] = season[k]! + deviation * (said[at]! + share * (said[at + 1]! - said[at]!));
        }
      },
      reset() {
        for (const part of cells) cell.init(part);
        clearState(state);
      },
    };
  };
}
