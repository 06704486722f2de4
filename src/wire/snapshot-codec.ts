// A stream's whole state as bytes: message Snapshot of proto/stream.proto. Same snapshot, same bytes. Not sealed: who
// stores or ships these bytes must trust where they come from; the session still checks model, options and sizes.

import { engineError } from '../base/errors.ts';
import type { Snapshot } from '../item/snapshot.ts';
import { unwrapOptions, wrapOptions } from './option-values.ts';
import { schema } from './schema.ts';

const message = schema('Snapshot');

export const encodeSnapshot = (snapshot: Snapshot): Uint8Array => message.encode(snapshotFields(snapshot));

/** Its slots are copies: they do not keep `bytes` alive. @throws ERR_WIRE_MALFORMED, ERR_STATE_LAYOUT */
export const decodeSnapshot = (bytes: Uint8Array): Snapshot => snapshotOf(message.decode(bytes));

/** As the fields of the message, for those that hold one. */
export function snapshotFields(snapshot: Snapshot): object {
  return {
    pipeline: snapshot.pipeline,
    options: wrapOptions(snapshot.options),
    model_ids: snapshot.modelIds,
    numerics: snapshot.numerics,
    source: { rate_hz: snapshot.source.rateHz, width: snapshot.source.width },
    offset: snapshot.offset,
    seq: snapshot.seq,
    slots: snapshot.slots,
  };
}

/** @throws ERR_STATE_LAYOUT */
export function snapshotOf(fields: Record<string, unknown>): Snapshot {
  const source = fields.source as { rate_hz: number; width: number } | null | undefined;
  if (!source) {
    throw engineError('ERR_STATE_LAYOUT', 'the snapshot does not say the format of its source', {
      expected: 'bytes made by encodeSnapshot',
    });
  }
  const slots = Object.entries(fields.slots as Record<string, Uint8Array>);
  return {
    pipeline: fields.pipeline as string,
    options: unwrapOptions(fields.options),
    modelIds: fields.model_ids as string[],
    numerics: fields.numerics as string,
    source: { rateHz: source.rate_hz, width: source.width },
    offset: fields.offset as number,
    seq: fields.seq as number,
    slots: Object.fromEntries(slots.map(([name, slot]) => [name, new Uint8Array(slot)])),
  };
}
