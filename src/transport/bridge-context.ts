// What one bridge needs of the server around it: pipelines, limits, time, a place among the streams, and who to tell.

import type { EngineError } from '../base/errors.ts';
import type { Clock } from '../base/units.ts';
import type { LoadedPipeline } from '../pipeline/connect.ts';
import type { Pump } from '../session/pump.ts';
import type { StreamLimits } from './limits.ts';

export type OpenPipeline = (name: string, options: Readonly<Record<string, unknown>>) => Promise<LoadedPipeline>;

export interface BridgeContext {
  readonly id: string;
  readonly openPipeline: OpenPipeline;
  readonly clock: Clock;
  readonly limits: StreamLimits;
  /** A place among the streams of the process: `turn` is called when it is this one's. */
  readonly join: Pump['join'];
  /** Microseconds from the arrival of a chunk to the socket taking a result of it. */
  readonly observe?: ((us: number) => void) | undefined;
  /** Called once. `error` is absent after `end` and when the client just went. */
  closed(error?: EngineError): void;
}
