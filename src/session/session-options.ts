// What a session is made of and what it gives: its options, its outputs, its summary. The session itself: session.ts.

import type { EngineError } from '../base/errors.ts';
import type { Clock, StreamId } from '../base/units.ts';
import type { Gap, ResultItem } from '../item/item.ts';
import type { Snapshot } from '../item/snapshot.ts';
import type { LoadedPipeline } from '../pipeline/connect.ts';
import type { StreamFormat } from '../pipeline/define-pipeline.ts';
import type { Policy } from './door.ts';

export interface Output {
  /** Dense, from 0, on results; -1 on gaps. */
  readonly seq: number;
  /** On the sender's own rows. */
  readonly item: ResultItem | Gap;
  /** Microseconds from the arrival of the input that completed it to its leaving the last stage. */
  readonly latencyUs: number;
}

export interface SessionSummary {
  /** Source rows consumed. */
  readonly offset: number;
  readonly results: number;
  readonly gaps: number;
  readonly digest: string;
}

export interface SessionOptions {
  readonly id: StreamId;
  readonly loaded: LoadedPipeline;
  readonly source: StreamFormat;
  readonly clock: Clock;
  readonly policy?: Policy;
  readonly inboxRowsMax?: number;
  /** Go on from here instead of starting anew. ERR_STATE_MODEL or ERR_STATE_LAYOUT when it does not fit. */
  readonly snapshot?: Snapshot;
  /** Called for every output, in order. Must not throw. */
  readonly onOutput: (output: Output) => void;
  /** Called once, when the stream cannot go on. */
  readonly onError?: (error: EngineError) => void;
  /** Rows refused at the door (NaN, Inf). They are declared as a gap as well. */
  readonly onFault?: (rows: number) => void;
  /** Work done elsewhere has come back: `work()` can go on. */
  readonly onReady?: () => void;
}
