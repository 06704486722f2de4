// docs/asyncapi.json is what the schema gives, holds together, and is true of what a server says and takes.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startServer } from '../../src/app/commands/serve.ts';
import { openRaw } from '../server/test-server.ts';

interface Schema {
  readonly $ref?: string;
  readonly oneOf?: readonly Schema[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly type?: string | readonly string[];
  readonly minimum?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
}

const text = readFileSync(new URL('../../docs/asyncapi.json', import.meta.url), 'utf8');
const document = JSON.parse(text) as {
  asyncapi: string;
  components: { messages: Record<string, { payload: Schema }>; schemas: Record<string, Schema> };
};
const { messages } = document.components;

function at(ref: string): Schema {
  const found = ref
    .slice(2)
    .split('/')
    .reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], document);
  if (found === undefined) throw new Error(`nothing at ${ref}`);
  return found as Schema;
}

const typeOf = (value: unknown): string[] => {
  if (value === null) return ['null'];
  if (Array.isArray(value)) return ['array'];
  return Number.isInteger(value) ? ['integer', 'number'] : [typeof value];
};

/** What is wrong with a value: the keywords of JSON Schema that the document uses, and no others. */
function faults(value: unknown, schema: Schema, path: string): string[] {
  if (schema.$ref) return faults(value, at(schema.$ref), path);
  if (schema.oneOf)
    return schema.oneOf.some((one) => faults(value, one, path).length === 0) ? [] : [`${path}: none fits`];
  if ('const' in schema) return value === schema.const ? [] : [`${path} is not ${schema.const}`];
  if (schema.enum && !schema.enum.includes(value)) return [`${path} is ${value}`];
  const types = [schema.type ?? []].flat();
  if (types.length > 0 && !typeOf(value).some((type) => types.includes(type))) return [`${path} is no ${types}`];
  if (typeof value === 'number' && value < (schema.minimum ?? -Infinity)) return [`${path} is ${value}`];
  if (Array.isArray(value)) return value.flatMap((item, i) => faults(item, schema.items ?? {}, `${path}[${i}]`));
  if (typeof value !== 'object' || value === null) return [];
  const missing = (schema.required ?? [])
    .filter((name) => !(name in value))
    .map((name) => `${path}.${name} is missing`);
  const inside = Object.entries(value).flatMap(([name, inner]) => {
    const known = schema.properties?.[name] ?? schema.additionalProperties;
    return known ? faults(inner, known, `${path}.${name}`) : [`${path}.${name} is unknown`];
  });
  return [...missing, ...inside];
}

const faultsOf = (message: { readonly type: string }): string[] =>
  faults(message, messages[message.type]?.payload ?? { const: 'a known type' }, message.type);

describe('docs/asyncapi.json', () => {
  it('is what proto/stream.proto gives', () => {
    expect(() => execFileSync(process.execPath, ['scripts/make-asyncapi.mjs', '--check'])).not.toThrow();
    expect(document.asyncapi).toBe('3.0.0');
  });

  it('holds together: every reference leads somewhere', () => {
    const refs = [...text.matchAll(/"\$ref": "([^"]+)"/g)].map(([, ref]) => ref!);
    expect(refs.length).toBeGreaterThan(50);
    for (const ref of refs) expect(at(ref)).toBeTypeOf('object');
  });

  it('is true of a conversation', async () => {
    const server = await startServer({ host: '127.0.0.1', port: 0, warm: [] });
    onTestFinished(() => server.close());
    const client = await openRaw(`ws://127.0.0.1:${server.port}/v1/stream`);
    const said = [
      { type: 'start', v: 1, pipeline: 'forecast', format: { encoding: 'csv', fields: ['a'] }, resume: true },
      { type: 'gap', from: 0, to: 3, why: 'lost' },
      { type: 'finalize', id: 'f' },
      { type: 'snapshot', id: 's' },
      { type: 'fork', id: 'k', stream: 'twin' },
      { type: 'update', id: 'u', options: {} },
      { type: 'reset', id: 'r' },
      { type: 'unheard-of' },
      { type: 'received', seq: 0 },
      { type: 'keepalive' },
      { type: 'close' },
    ];
    client.send(said[0]!);
    client.send(new TextEncoder().encode('1\n2\n\n'));
    for (const message of said.slice(1)) client.send(message);
    await client.closed;
    for (const message of said.filter(({ type }) => type !== 'unheard-of')) expect(faultsOf(message)).toEqual([]);
    for (const message of client.messages) expect(faultsOf(message), JSON.stringify(message)).toEqual([]);
    const types = new Set(client.messages.map(({ type }) => type));
    for (const type of ['ready', 'result', 'ack', 'finalized', 'snapshot', 'fork', 'reset', 'error', 'end'])
      expect(types).toContain(type);
  });

  it('sees what is wrong', () => {
    expect(faultsOf({ type: 'nothing' })).not.toEqual([]);
    expect(faultsOf({ type: 'gap' })).toEqual(['gap.from is missing', 'gap.to is missing', 'gap.why is missing']);
    expect(faultsOf({ type: 'received', seq: -1 } as never)).toEqual(['received.seq is -1']);
    expect(faultsOf({ type: 'start', v: 1, pipeline: 'vad', format: { encoding: 'mp3' } } as never)).toEqual([
      'start.format.encoding is mp3',
    ]);
  });
});
