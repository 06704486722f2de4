// Any sensor's near future, with nothing trained beforehand:  in  --rows--rows--gap--rows--|
//                                                             out --ffff--ffff--gap--ffff--|   (f: one Forecast per row)
// Each column: value -> guard -> memory -> reader (learned online) -> mix of experts -> interval, quantiles, anomaly score.
// Columns learn from each other what they have in common; none needs the others.
// A missing value (NaN) and a Gap hold the last value: time moves on, nothing is learned. Irregular times: see pace.ts.
// State has one fixed size, whatever the stream's length. Read next: sensor.ts, column.ts, docs/adr/0016.

import { type Micros, micros } from '../../base/units.ts';
import { clearState, f64 } from '../../cell/state.ts';
import type { Chunk } from '../../item/item.ts';
import { ptsOf } from '../../item/timeline.ts';
import { makeStage } from '../make-stage.ts';
import type { Stage } from '../stage.ts';
import { QUANTILES } from './channel-state.ts';
import { expertsOf } from './names.ts';
import { initPace, missingRows, PACE_LAYOUT, rowsSince } from './pace.ts';
import { sensor } from './sensor.ts';
import type { ForecastOptions } from './sizes.ts';

/** Rows that did not come, taken at once when the next row comes, however many Gaps told of them. */
const GAP_LAYOUT = { rows: f64(1) };

export function forecast(options: ForecastOptions): Stage {
  const { width, horizon, rateHz, quantiles = false } = options;
  const openSensor = sensor(options);
  const expertNames = expertsOf(options.cell, width, options.model !== undefined);
  const horizons = Uint32Array.from({ length: horizon }, (_, j) => j + 1);

  function ptsOfRow(chunk: Chunk, i: number): Micros {
    if (chunk.times) return micros(chunk.times[i]!);
    return rateHz > 0 ? ptsOf(chunk.from + i, rateHz) : micros(chunk.pts + i);
  }

  return makeStage((context, emit) => {
    const pace = context.state('forecast.pace', PACE_LAYOUT, initPace);
    const gap = context.state('forecast.gap', GAP_LAYOUT, clearState);
    const { step, hold, reset } = openSensor(context);

    function forecastRow(chunk: Chunk, i: number): void {
      const dtRows = chunk.times ? rowsSince(pace, chunk.times[i]!) : 1;
      const missing = missingRows(dtRows);
      hold(gap.at.rows[0]! + missing);
      gap.at.rows[0] = 0;
      const mean = new Float32Array(horizon * width);
      const lower = new Float32Array(horizon * width);
      const upper = new Float32Array(horizon * width);
      const anomaly = new Float32Array(width);
      const nine = quantiles ? new Float32Array(QUANTILES.length * horizon * width) : undefined;
      const experts = quantiles ? new Uint8Array(horizon * width) : undefined;
      step(chunk.data.subarray(i * width, (i + 1) * width), dtRows - missing, (channel, result) => {
        anomaly[channel] = result.anomaly;
        for (let j = 0; j < horizon; j++) {
          mean[j * width + channel] = result.mean[j]!;
          lower[j * width + channel] = result.lower[j]!;
          upper[j * width + channel] = result.upper[j]!;
          if (experts) experts[j * width + channel] = result.expert[j]!;
        }
        if (nine) for (let i = 0; i < result.quantiles.length; i++) nine[i * width + channel] = result.quantiles[i]!;
      });
      const span = { from: chunk.from + i, to: chunk.from + i + 1, pts: ptsOfRow(chunk, i) };
      const told = nine && experts ? { quantiles: nine, experts, expertNames } : {};
      emit({ kind: 'forecast', ...span, width, horizons, mean, lower, upper, anomaly, ...told });
    }

    return {
      chunk(item) {
        for (let i = 0; i < item.rows; i++) forecastRow(item, i);
      },
      gap(item) {
        // A late row takes no time: its time has passed already, with a row or without.
        if (item.why !== 'late') {
          gap.at.rows[0]! += item.to - item.from;
          pace.at.last[0] = NaN;
        }
        emit(item);
      },
      mark(item) {
        if (item.what === 'reset') {
          clearState(gap);
          initPace(pace);
          reset();
        }
        emit(item);
      },
    };
  });
}
