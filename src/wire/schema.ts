// The types of proto/stream.proto, ready to encode and decode. The only protobufjs import: its reflection build takes the
// generated descriptor, so nothing is parsed or read at run time and the same file serves browsers and Node.
// protobufjs compiles its encoders with `Function`: a page with a strict CSP uses the JSON subprotocol.

import protobuf from 'protobufjs/light.js';
import { engineError } from '../base/errors.ts';
import { STREAM_DESCRIPTOR_JSON } from './stream-descriptor.ts';

const root = protobuf.Root.fromJSON(JSON.parse(STREAM_DESCRIPTOR_JSON) as protobuf.INamespace);

export interface Schema {
  /** Takes plain fields in snake_case; absent and undefined are the same. */
  encode(fields: object): Uint8Array;
  /** Plain fields: 64-bit as number, repeated and map always there, optional and oneof only when set. @throws ERR_WIRE_MALFORMED */
  decode(bytes: Uint8Array): Record<string, unknown>;
}

export function schema(name: 'Envelope' | 'Snapshot' | 'Checkpoint'): Schema {
  const type = root.lookupType(`millrace.v1.${name}`);
  return {
    encode: (fields) => type.encode(type.fromObject(fields)).finish(),
    decode(bytes) {
      try {
        return type.toObject(type.decode(bytes), { longs: Number, defaults: true, arrays: true, objects: true });
      } catch (cause) {
        throw engineError('ERR_WIRE_MALFORMED', `the bytes are not a ${name}`, {
          expected: `a protobuf ${name} of proto/stream.proto`,
          cause,
        });
      }
    },
  };
}
