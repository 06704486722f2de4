// A stream's checkpoint as bytes: how far in the journal it is, what its order of time holds, and the session's snapshot.
// [u32 length | JSON | snapshot]. Checksum, version of the file and who may write it are the store's affair.

import { createHash } from 'node:crypto';
import { engineError } from '../../base/errors.ts';
import type { EventOrderState } from '../../item/event-order.ts';
import type { Snapshot } from '../../item/snapshot.ts';
import { decodeSnapshot, encodeSnapshot } from '../../wire/snapshot-codec.ts';

export interface StreamState {
  readonly key: string;
  /** The first journal position whose rows are not in it. */
  readonly position: number;
  readonly order: EventOrderState;
  readonly snapshot: Snapshot;
}

const VERSION = 1;
const PREFIX = 'stream-';

/** Keys of a store are short; a topic need not be. */
export const storeKeyOf = (key: string): string =>
  PREFIX + createHash('sha256').update(key, 'utf8').digest('hex').slice(0, 40);
export const isStreamKey = (storeKey: string): boolean => storeKey.startsWith(PREFIX);

export function encodeStreamState({ snapshot, ...rest }: StreamState): Uint8Array {
  const head = Buffer.from(JSON.stringify({ v: VERSION, ...rest }), 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  return Buffer.concat([length, head, encodeSnapshot(snapshot)]);
}

/** @throws ERR_STATE_LAYOUT for bytes of another version */
export function decodeStreamState(bytes: Uint8Array): StreamState {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = 4 + view.readUInt32LE(0);
  const { v, ...rest } = JSON.parse(view.toString('utf8', 4, end)) as { v: number } & Omit<StreamState, 'snapshot'>;
  if (v === VERSION) return { ...rest, snapshot: decodeSnapshot(view.subarray(end)) };
  throw engineError('ERR_STATE_LAYOUT', `a checkpoint of version ${v}, not ${VERSION}`, {
    expected: 'the version of Millrace that wrote it, or an empty folder to start anew',
  });
}
