// Reads the past through two HiPPO memories of constant size, and learns online what follows from them by regression.
// Read next: features.ts (what the regression sees), regression.ts (how it learns).

import { hippoCell } from '../../cell/hippo/index.ts';
import { stateBytes } from '../../cell/state.ts';
import { perChannel } from './channel-state.ts';
import { fillFeatures } from './features.ts';
import type { OpenReader } from './reader.ts';
import { regression, regressionLayout } from './regression.ts';
import { type ForecastOptions, type ForecastSizes, LONG_SEASONS, SHORT_SEASONS } from './sizes.ts';

function memories({ width, seasonRows }: ForecastOptions, { longOrder, shortOrder }: ForecastSizes) {
  const memory = (seasons: number, order: number) =>
    hippoCell({ measure: 'legt', width, order, windowRows: seasons * seasonRows });
  return { longCell: memory(LONG_SEASONS, longOrder), shortCell: memory(SHORT_SEASONS, shortOrder) };
}

export function ssmReader(options: ForecastOptions, sizes: ForecastSizes): OpenReader {
  const { width } = options;
  const { longCell, shortCell } = memories(options, sizes);
  const layout = regressionLayout(options, sizes);
  const { learn, solve, predict } = regression(options, sizes);
  const discarded = new Float32Array(Math.max(longCell.dOut, shortCell.dOut));
  const phi = new Float64Array(sizes.features);

  return (context) => {
    const long = context.state('forecast.long', longCell.layout, longCell.init);
    const short = context.state('forecast.short', shortCell.layout, shortCell.init);
    const state = context.state('forecast.regression', layout, ({ bytes }) => bytes.fill(0));
    const columns = perChannel(state, width);
    const longColumns = perChannel(long, width);
    const shortColumns = perChannel(short, width);
    return {
      advance(x, dtRows) {
        longCell.stepAfter(long, x, discarded, dtRows);
        shortCell.stepAfter(short, x, discarded, dtRows);
      },
      hold(rows) {
        longCell.skip?.(long, rows);
        shortCell.skip?.(short, rows);
      },
      read(channel, views, moment, out) {
        const column = columns[channel]!;
        learn(column, views, moment.row);
        solve(column, moment.row + channel);
        fillFeatures(phi, views, longColumns[channel]!.c, shortColumns[channel]!.c, moment, sizes);
        predict(column, phi, moment, out);
      },
      reset() {
        longCell.init(long);
        shortCell.init(short);
        state.bytes.fill(0);
      },
    };
  };
}

/** Bytes that this reader keeps per column, for giving its opponent as many. */
export function ssmReaderBytes(options: ForecastOptions, sizes: ForecastSizes): number {
  const one = { ...options, width: 1 };
  const { longCell, shortCell } = memories(one, sizes);
  return [longCell.layout, shortCell.layout, regressionLayout(one, sizes)].reduce(
    (sum, layout) => sum + stateBytes(layout),
    0,
  );
}
