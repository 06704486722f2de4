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

  // What ever was on the wire or in a store keeps its number, its name and its type: the list only grows.
  it('keeps every field that ever was, and lists every one there is', () => {
    const listed = readFileSync('test/wire/field-numbers.txt', 'utf8').trim().split('\n');
    const root = protobuf.Root.fromJSON(JSON.parse(STREAM_DESCRIPTOR_JSON));
    const fields = messagesOf(root).flatMap((message) =>
      message.fieldsArray.map((field) => {
        const type = field instanceof protobuf.MapField ? `map<${field.keyType},${field.type}>` : field.type;
        return `${message.name}.${field.name} = ${field.id} ${field.repeated ? 'repeated ' : ''}${type}`;
      }),
    );
    expect(fields.sort()).toEqual(listed);
  });
});
