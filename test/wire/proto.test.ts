import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { STREAM_DESCRIPTOR_JSON } from '../../src/wire/stream-descriptor.ts';

const proto = readFileSync('proto/stream.proto', 'utf8');

function messagesOf(namespace: protobuf.NamespaceBase): protobuf.Type[] {
  return namespace.nestedArray.flatMap((nested) =>
    nested instanceof protobuf.Type
      ? [nested, ...messagesOf(nested)]
      : nested instanceof protobuf.Namespace
        ? messagesOf(nested)
        : [],
  );
}

describe('proto/stream.proto', () => {
  it('is what the generated descriptor says', () => {
    execFileSync(process.execPath, ['scripts/make-proto.mjs', '--check']);
  });

  it('uses every field number and name once per message, and no reserved one', () => {
    const messages = messagesOf(protobuf.parse(proto, { keepCase: true }).root);
    expect(messages.length).toBeGreaterThan(20);
    for (const message of messages) {
      const numbers = message.fieldsArray.map((field) => field.id);
      expect(new Set(numbers).size, message.name).toBe(numbers.length);
      for (const field of message.fieldsArray) {
        expect(message.isReservedId(field.id), `${message.name}.${field.name}`).toBe(false);
        expect(message.isReservedName(field.name), `${message.name}.${field.name}`).toBe(false);
      }
    }
  });

  // A number that ever was on the wire stays what it was: this list only grows.
  it('keeps the numbers of the Envelope', () => {
    const root = protobuf.Root.fromJSON(JSON.parse(STREAM_DESCRIPTOR_JSON));
    const envelope = root.lookupType('millrace.v1.Envelope');
    expect(Object.fromEntries(envelope.fieldsArray.map((field) => [field.name, field.id]))).toEqual({
      start: 1,
      rows: 2,
      gap: 3,
      keepalive: 4,
      finalize: 5,
      reset: 6,
      close: 7,
      ready: 20,
      ack: 21,
      result: 22,
      finalized: 23,
      error: 24,
      end: 25,
      drain: 26,
    });
  });
});
