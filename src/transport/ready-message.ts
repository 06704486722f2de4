// The answer to `start`: what the stream is, where it stands and what its sender may do.

import type { LoadedPipeline } from '../pipeline/connect.ts';
import type { Session } from '../session/session.ts';
import type { FramedOp, ReadyMessage } from '../wire/messages.ts';
import type { StreamLimits } from './limits.ts';
import type { StreamRecord } from './stream-record.ts';

/** @param framed what comes as framed binary, when start asked for that @param record a resumable stream's */
export function readyMessage(
  id: string,
  session: Session,
  loaded: LoadedPipeline,
  limits: StreamLimits,
  framed: readonly FramedOp[] | undefined,
  record: StreamRecord | undefined,
): ReadyMessage {
  const { name } = loaded.pipeline;
  const [sha256] = loaded.modelIds;
  return {
    type: 'ready',
    session: id,
    stream: session.id,
    recovered: record?.recovered ?? false,
    offset: session.next,
    seq: record?.sendFrom ?? 0,
    pipeline: name,
    ...(sha256 === undefined ? {} : { model: { name, sha256 } }),
    numerics: loaded.numerics,
    state_bytes: session.stateBytes,
    credit: limits.creditBytes,
    limits: limitsToTell(limits, record !== undefined),
    ...(framed ? { frame: 'framed', framed } : {}),
    ...(record ? { resume: record.forReady(limits.resumeMsMax) } : {}),
  };
}

/** Those that a client can keep to. Of a door there are some where somebody guards it. */
function limitsToTell(limits: StreamLimits, resumable: boolean): ReadyMessage['limits'] {
  const { streamsPerKeyMax, streamsPerAddressMax, handshakesPerMinuteMax } = limits;
  return {
    max_message: limits.messageBytesMax,
    idle_ms: limits.idleMsMax,
    max_gap: limits.gapRowsMax,
    max_outstanding: limits.outstandingMessagesMax,
    max_backlog: limits.backlogBytesMax,
    ...(resumable ? { max_log: limits.resumeLogBytesMax } : {}),
    ...(streamsPerKeyMax === undefined ? {} : { max_streams_per_key: streamsPerKeyMax }),
    ...(streamsPerAddressMax === undefined ? {} : { max_streams_per_address: streamsPerAddressMax }),
    ...(handshakesPerMinuteMax === undefined ? {} : { max_handshakes_per_minute: handshakesPerMinuteMax }),
  };
}
