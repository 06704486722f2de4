// Who watches a stream: told of its results, gaps and end, so that somebody can count. Absent, nothing is measured.

import type { GapCause } from '../item/item.ts';
import type { LoadedPipeline } from '../pipeline/connect.ts';
import type { Session } from '../session/session.ts';
import type { SessionSummary } from '../session/session-options.ts';
import type { TraceContext } from './trace-context.ts';

export interface StreamMeter {
  /**
   * A result went out. @param us microseconds from the arrival of its chunk to the socket taking it. Called for every one;
   * absent: times are not kept.
   */
  result?(us: number): void;
  gap(why: GapCause, rows: number): void;
  /** Called once. @param summary of the whole stream, also before this connection @param ended all of it was answered */
  closed(summary: SessionSummary, ended: boolean): void;
}

/** A stream that a connection has just got. */
export interface MeteredStream {
  /** The connection's, as in StreamEvent; the stream's own name, which outlives it. */
  readonly session: string;
  readonly stream: string;
  /** Empty: nobody was asked. */
  readonly tenant: string;
  readonly pipeline: string;
  readonly stateBytes: number;
  readonly resumable: boolean;
  /** It goes on from a kept state, at this row and result. */
  readonly recovered: boolean;
  readonly offset: number;
  readonly seq: number;
  /** What its connection said of the trace that it belongs to. */
  readonly trace?: TraceContext | undefined;
}

/** Called when a stream is open. @returns undefined: this one is not watched */
export type OpenMeter = (stream: MeteredStream) => StreamMeter | undefined;

interface Watched {
  readonly id: string;
  readonly tenant: string;
  readonly trace: TraceContext | undefined;
  readonly meter?: OpenMeter | undefined;
}

export function watch(
  { id, tenant, trace, meter }: Watched,
  { pipeline }: LoadedPipeline,
  session: Session,
  record: { readonly recovered: boolean } | undefined,
  seq: number,
): StreamMeter | undefined {
  return meter?.({
    session: id,
    stream: session.id,
    tenant,
    pipeline: pipeline.name,
    stateBytes: session.stateBytes,
    resumable: record !== undefined,
    recovered: record?.recovered ?? false,
    offset: session.offset,
    seq,
    trace,
  });
}
