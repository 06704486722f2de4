// The whole forecaster of one stream, without items: rows in, forecasts out, time moved on where rows are missing.
// Owns the order in which guard, level memory, reader and columns act; all of their state comes from the context.

import { hippoCell } from '../../cell/hippo/index.ts';
import { clearState, f64 } from '../../cell/state.ts';
import { perColumn } from '../per-column.ts';
import type { StreamContext } from '../stage.ts';
import { attentionReader } from './attention-reader.ts';
import { type ChannelViews, channelLayout, initChannels } from './channel-state.ts';
import { column, holdValue } from './column.ts';
import { admit } from './guard.ts';
import type { ColumnResult } from './mix.ts';
import { type ForecastOptions, forecastSizes, LEVEL_ORDER } from './sizes.ts';
import { ssmReader } from './ssm-reader.ts';
import { trained } from './trained.ts';

/** Rows of time since the stream began: the number of the row to come. */
const CLOCK_LAYOUT = { row: f64(1) };

export interface Sensor {
  /** One row of `width` values (not finite = missing), `dtRows` after the row before; `take` once per column. */
  step(x: Float32Array, dtRows: number, take: (channel: number, result: ColumnResult) => void): void;
  /** Rows of time without any value. */
  hold(rows: number): void;
  reset(): void;
}

/** What is shared by all streams with these options is made once; the result is called once per stream. */
export function sensor(options: ForecastOptions): (context: StreamContext) => Sensor {
  const { width, seasonRows } = options;
  const sizes = forecastSizes(options);
  const levelCell = hippoCell({ measure: 'legt', width, order: LEVEL_ORDER, windowRows: seasonRows });
  const readers = (options.cell === 'ssm' ? ssmReader : attentionReader)(options, sizes);
  const openTrained = options.model && trained(options, sizes, options.model);
  const layout = channelLayout(options, sizes);
  const stepColumn = column(options, sizes, readers.experts);
  const admitted = new Float32Array(width);
  const discarded = new Float32Array(levelCell.dOut);

  return (context) => {
    const clock = context.state('forecast.clock', CLOCK_LAYOUT, clearState);
    const memory = context.state('forecast.level', levelCell.layout, levelCell.init);
    const columns = context.state('forecast.columns', layout, initChannels);
    const views = perColumn(columns, width);
    const reader = readers.open(context);
    const minds = { reader, trained: openTrained?.(context) };
    const levelOf = (channel: number): number => memory.at.c[channel * LEVEL_ORDER]!;
    const { row } = clock.at;

    return {
      step(x, dtRows, take) {
        for (let channel = 0; channel < width; channel++) {
          const raw = x[channel]!;
          const finite = raw - raw === 0;
          admitted[channel] = finite ? admit(views[channel]!, raw, levelOf(channel), seasonRows) : NaN;
        }
        levelCell.stepAfter(memory, admitted, discarded, dtRows);
        reader.advance(admitted, dtRows, row[0]!);
        minds.trained?.wait(dtRows);
        for (let channel = 0; channel < width; channel++) {
          const level = levelOf(channel);
          take(channel, stepColumn(minds, channel, views[channel]!, row[0]!, x[channel]!, admitted[channel]!, level));
        }
        row[0]! += 1;
      },
      hold(rows) {
        if (rows === 0) return;
        levelCell.skip?.(memory, rows);
        row[0]! += rows;
        reader.hold(rows, row[0]!);
        minds.trained?.wait(rows);
        for (const channel of views) if (channel.rows[0]! > 0) holdColumn(channel, rows, row[0]!, sizes.ringRows);
      },
      reset() {
        clearState(clock);
        levelCell.init(memory);
        initChannels(columns);
        reader.reset();
        minds.trained?.reset();
      },
    };
  };
}

/** Holds one column over `rows` rows up to row `end`. A ring full of the last value is the same however long it is held. */
function holdColumn(views: ChannelViews, rows: number, end: number, ringRows: number): void {
  const { values } = views;
  const seen = views.rows[0]!;
  const from = end - Math.min(rows, ringRows);
  values[(from - 1) % ringRows] = values[(end - rows - 1) % ringRows]!;
  for (let row = from; row < end; row++) holdValue(views, row);
  views.rows[0] = seen + rows;
}
