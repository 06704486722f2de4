// Reads the past through a HiPPO memory of constant size, and learns online what follows from it by regression.
// Read next: features.ts (what the regression sees), regression.ts (how it learns).

import { hippoCell } from '../../cell/hippo/index.ts';
import { clearState, stateBytes } from '../../cell/state.ts';
import { perColumn } from '../per-column.ts';
import type { StreamContext } from '../stage.ts';
import { featureRow } from './features.ts';
import { LEARNED } from './names.ts';
import type { Reader, ReaderKind } from './reader.ts';
import { pooledLayout, regression, regressionLayout } from './regression.ts';
import { type ForecastOptions, type ForecastSizes, SHORT_SEASONS } from './sizes.ts';

const memoryOf = ({ width, seasonRows }: ForecastOptions, { order }: ForecastSizes) =>
  hippoCell({ measure: 'legt', width, order, windowRows: SHORT_SEASONS * seasonRows });

export function ssmReader(options: ForecastOptions, sizes: ForecastSizes): ReaderKind {
  const { width, seasonRows } = options;
  const cell = memoryOf(options, sizes);
  const layout = regressionLayout(options, sizes);
  const { open: openLearned, solvePooled, learn, predict } = regression(options, sizes);
  const fillFeatures = featureRow(sizes, seasonRows);
  const discarded = new Float32Array(cell.dOut);
  const phi = new Float64Array(sizes.features);
  const sharedLayout = pooledLayout(sizes);

  function open(context: StreamContext): Reader {
    const memory = context.state('forecast.memory', cell.layout, cell.init);
    const state = context.state('forecast.regression', layout, clearState);
    const pooled = width > 1 ? context.state('forecast.pooled', sharedLayout, clearState) : undefined;
    const learned = openLearned(perColumn(state, width), pooled?.at);
    const memories = perColumn(memory, width);
    return {
      advance(x, dtRows, row) {
        cell.stepAfter(memory, x, discarded, dtRows);
        solvePooled(learned, row);
      },
      hold(rows) {
        cell.skip?.(memory, rows);
      },
      read(channel, views, moment, coefficients, out) {
        learn(learned, channel, views, moment.row);
        fillFeatures(phi, views, memories[channel]!.c, moment, coefficients);
        predict(learned, channel, phi, moment, out);
      },
      reset() {
        cell.init(memory);
        clearState(state);
        if (pooled) clearState(pooled);
      },
    };
  }
  return { experts: LEARNED, open };
}

/** Bytes that this reader keeps per column, for giving its opponent as many. */
export function ssmReaderBytes(options: ForecastOptions, sizes: ForecastSizes): number {
  const one = { ...options, width: 1 };
  return [memoryOf(one, sizes).layout, regressionLayout(one, sizes)].reduce(
    (sum, layout) => sum + stateBytes(layout),
    0,
  );
}
