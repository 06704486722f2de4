// What is kept of a resumable stream between two connections, as bytes: message Checkpoint of proto/stream.proto. The state,
// who may go on with it, and the last messages, which the client may not have. Not sealed: it lies where only servers read.

import { engineError } from '../base/errors.ts';
import type { Snapshot } from '../item/snapshot.ts';
import { schema } from './schema.ts';
import { snapshotFields, snapshotOf } from './snapshot-codec.ts';

/** A result, or a gap or an answer that came between two results. */
export interface LogEntry {
  /** Number of the result, or of the next result after it. */
  readonly seq: number;
  /** As Envelope. */
  readonly envelope: Uint8Array;
}

export interface Checkpoint {
  readonly snapshot: Snapshot;
  readonly stream: string;
  readonly tenant: string;
  /** SHA-256 of the secrets that may attach. */
  readonly tickets: readonly Uint8Array[];
  /** Id of the last command in the state; '' when there was none. */
  readonly after: string;
  readonly ended: boolean;
  /** Wall clock. */
  readonly savedMs: number;
  /** Results before this number are no longer in the log. */
  readonly logFirst: number;
  readonly log: readonly LogEntry[];
}

const message = schema('Checkpoint');

export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const { snapshot, savedMs, logFirst, ...fields } = checkpoint;
  return message.encode({ ...fields, snapshot: snapshotFields(snapshot), saved_ms: savedMs, log_first: logFirst });
}

/** Its arrays are views of `bytes`. @throws ERR_STATE_DAMAGED */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  try {
    const fields = message.decode(bytes);
    return {
      snapshot: snapshotOf(fields.snapshot as Record<string, unknown>),
      stream: fields.stream as string,
      tenant: fields.tenant as string,
      tickets: fields.tickets as Uint8Array[],
      after: fields.after as string,
      ended: fields.ended as boolean,
      savedMs: fields.saved_ms as number,
      logFirst: fields.log_first as number,
      log: fields.log as LogEntry[],
    };
  } catch (cause) {
    throw engineError('ERR_STATE_DAMAGED', 'the stored state is not a checkpoint', { expected: 'a new stream', cause });
  }
}
