// What one bridge needs of the server around it: pipelines, limits, time, a place among the streams, and who to tell.

import type { EngineError } from '../base/errors.ts';
import type { Clock } from '../base/units.ts';
import type { LoadedPipeline } from '../pipeline/connect.ts';
import type { Pump } from '../session/pump.ts';
import type { StreamLimits } from './limits.ts';
import type { States } from './states.ts';
import type { OpenMeter } from './stream-meter.ts';
import type { Comer } from './transport.ts';

export type OpenPipeline = (name: string, options: Readonly<Record<string, unknown>>) => Promise<LoadedPipeline>;

export interface BridgeContext extends Comer {
  readonly id: string;
  readonly openPipeline: OpenPipeline;
  readonly clock: Clock;
  readonly limits: StreamLimits;
  /** Where resumable streams are kept. */
  readonly states: States;
  /** A place among the streams of the process: `turn` is called when it is this one's. */
  readonly join: Pump['join'];
  readonly meter?: OpenMeter | undefined;
  /** Called once. `error` is absent after `end` and when the client just went. @param gone its last state is stored */
  closed(gone: Promise<void>, error?: EngineError): void;
}
