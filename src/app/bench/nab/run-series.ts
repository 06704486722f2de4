// A series of the benchmark as a live stream through a pipeline: its rows and times, in pieces.

import { streamId } from '../../../base/units.ts';
import type { Gap, ResultItem } from '../../../item/item.ts';
import { type LoadedPipeline, loadPipeline } from '../../../pipeline/connect.ts';
import { loadNamedPipeline } from '../../../pipeline/load-pipelines.ts';
import { Session } from '../../../session/session.ts';
import { systemClock } from '../../clock.ts';
import { openPackagedModel } from '../../open-pipeline.ts';
import { PIPELINES } from '../../paths.ts';
import type { Series } from './corpus.ts';

const PIECE_ROWS = 512;

export const openNamed = async (name: string, options: Record<string, unknown>): Promise<LoadedPipeline> =>
  loadPipeline(await loadNamedPipeline(name, PIPELINES), options, openPackagedModel);

/** `read` takes everything that comes out. Returns the bytes of the stream's state. */
export async function runSeries(
  loaded: LoadedPipeline,
  series: Series,
  read: (item: ResultItem | Gap) => void,
): Promise<number> {
  const session = new Session({
    id: streamId('nab'),
    loaded,
    source: { rateHz: 0, width: 1 },
    clock: systemClock,
    onOutput: ({ item }) => read(item),
    onError: (error) => {
      throw error;
    },
  });
  const rows = Float32Array.from(series.values);
  for (let row = 0; row < rows.length; row += PIECE_ROWS) {
    session.rows(rows.subarray(row, row + PIECE_ROWS), series.times.subarray(row, row + PIECE_ROWS));
    await session.idle();
  }
  const { stateBytes } = session;
  session.close();
  return stateBytes;
}
