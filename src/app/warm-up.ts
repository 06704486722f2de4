// Runs a pipeline in before its first client: kernels are loaded, tables are built and V8 compiles what runs for every hop (30 ms
// for the first one, 0.3 ms later). Silence for audio; for sensors a wave, since a value that never moves takes other branches.

import type { EngineError } from '../base/errors.ts';
import { streamId } from '../base/units.ts';
import type { LoadedPipeline } from '../pipeline/connect.ts';
import { Session } from '../session/session.ts';
import { systemClock } from './clock.ts';

/** Three seconds of audio. */
const HOPS = 300;
const SENSOR_ROWS = 300;
const PERIOD_ROWS = 24;
/** Others are let in between: connections, probes, streams that run already. */
const TURN_US = 5000;

/** @throws what a stage throws */
export async function warmUp(loaded: LoadedPipeline): Promise<LoadedPipeline> {
  const { input } = loaded.pipeline;
  const sensor = input.kind === 'sensor';
  const source = { rateHz: input.rateHz, width: input.width || 1 };
  let failed: EngineError | undefined;
  const session = new Session({
    id: streamId('warm-up'),
    loaded,
    source,
    clock: systemClock,
    onOutput: () => undefined,
    onError: (error) => {
      failed = error;
    },
  });
  const rows = new Float32Array(source.width * (sensor ? 1 : input.hopRows));
  let turn = systemClock.now();
  try {
    for (let i = 0; i < (sensor ? SENSOR_ROWS : HOPS); i++) {
      if (sensor) rows.fill(Math.abs((i % PERIOD_ROWS) - PERIOD_ROWS / 2));
      session.rows(rows);
      await session.idle();
      if (failed) throw failed;
      if (systemClock.now() - turn < TURN_US) continue;
      await new Promise((resolve) => setImmediate(resolve));
      turn = systemClock.now();
    }
  } finally {
    session.close();
  }
  return loaded;
}
