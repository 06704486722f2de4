// Writes docs/asyncapi.json, an AsyncAPI 3 document of the subprotocol millrace.v1, from proto/stream.proto: what it says in
// comments becomes descriptions. With `--check` it only says whether the file is up to date, as test/wire/asyncapi.test.ts does.
// Where JSON is flatter than proto3-JSON (the .proto says where) the shapes below stand in.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import protobuf from 'protobufjs';

const source = new URL('../proto/stream.proto', import.meta.url);
const target = new URL('../docs/asyncapi.json', import.meta.url);

const WHOLE = { type: 'integer', minimum: 0 };
const SCALARS = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  double: { type: 'number' },
  float: { type: ['number', 'null'] },
  bytes: { type: 'string', contentEncoding: 'base64' },
  uint32: WHOLE,
  uint64: WHOLE,
  int64: { type: 'integer' },
};
const OPTIONS = { type: 'object', additionalProperties: { type: ['string', 'number'] } };
const CHOICES = {
  'Format.encoding': ['pcm_s16le', 'f32le', 'csv', 'ndjson'],
  'Format.time_unit': ['iso', 's', 'ms', 'us', 'ns'],
  'Start.policy': ['block', 'drop_oldest', 'reject'],
  'Start.frame': ['raw', 'framed'],
};
/** Numbers, or null for NaN, in `depth` arrays. */
const nested = (depth) => (depth === 0 ? SCALARS.float : { type: 'array', items: nested(depth - 1) });
const DATA = {
  description: 'A detection, a forecast or audio: the comment on Result in proto/stream.proto.',
  oneOf: [
    { type: 'object', description: 'detection: numbers by name', additionalProperties: SCALARS.float },
    {
      type: 'object',
      description: 'forecast: [horizon][column]',
      required: ['horizons', 'mean', 'lower', 'upper', 'anomaly'],
      properties: {
        horizons: { type: 'array', items: WHOLE },
        mean: nested(2),
        lower: nested(2),
        upper: nested(2),
        anomaly: nested(1),
        quantiles: nested(3),
        experts: { type: 'array', items: { type: 'array', items: SCALARS.string } },
      },
    },
    {
      type: 'object',
      description: 'audio: base64 of f32le [rows, width]',
      required: ['width', 'samples'],
      properties: { width: WHOLE, samples: SCALARS.bytes },
    },
  ],
};
const ROWS = { type: 'string', format: 'binary', description: 'Whole rows in the format of `start`, nothing else.' };
/** Sent by clients; those of both go back as answers. */
const FROM_CLIENT = ['start', 'rows', 'gap', 'keepalive', 'finalize', 'reset', 'close', 'snapshot', 'fork', 'update', 'received'];
const BOTH = ['gap', 'reset', 'snapshot', 'fork', 'update'];

function schemaOf(message) {
  const properties = {};
  const required = [];
  for (const field of message.fieldsArray) {
    if (message.name === 'Result' && field.partOf?.name === 'data') continue;
    properties[field.name] = described(propertyOf(message, field), field);
    if (field.partOf === null && !field.repeated && !field.map) required.push(field.name);
  }
  if (message.name === 'Result') {
    properties.data = DATA;
    required.push('data');
  }
  return { type: 'object', ...(required.length > 0 ? { required } : {}), properties };
}

function propertyOf(message, field) {
  if (field.map) return OPTIONS;
  if (field.type === 'Resume') return { oneOf: [{ const: true }, { $ref: '#/components/schemas/Resume' }] };
  const choices = CHOICES[`${message.name}.${field.name}`];
  const one = choices ? { type: 'string', enum: choices } : (SCALARS[field.type] ?? { $ref: `#/components/schemas/${field.type}` });
  return field.repeated ? { type: 'array', items: one } : one;
}

const described = (schema, { comment }) =>
  comment && !('$ref' in schema) && !/^\d+$/.test(comment) ? { ...schema, description: comment } : schema;

function documentOf(root) {
  const envelope = root.lookupType('millrace.v1.Envelope');
  const names = envelope.fieldsArray.map(({ name }) => name);
  const schemas = {};
  const add = (type) => {
    if (schemas[type]) return;
    const message = envelope.root.lookupType(`millrace.v1.${type}`);
    schemas[type] = schemaOf(message);
    for (const field of message.fieldsArray)
      if (JSON.stringify(schemas[type]).includes(`"#/components/schemas/${field.type}"`)) add(field.type);
  };
  const messages = {};
  for (const { name, type } of envelope.fieldsArray) {
    if (name === 'rows') {
      messages.rows = { contentType: 'application/octet-stream', payload: ROWS };
      continue;
    }
    add(type);
    const { required = [], properties } = schemas[type];
    schemas[type] = { type: 'object', required: ['type', ...required], properties: { type: { const: name }, ...properties } };
    messages[name] = { contentType: 'application/json', payload: { $ref: `#/components/schemas/${type}` } };
  }
  const inChannel = (list) => list.map((name) => ({ $ref: `#/channels/stream/messages/${name}` }));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Millrace',
      version: '1',
      description: 'Live sequence models on streams. In words: docs/protocol.md. Generated from proto/stream.proto.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    servers: { local: { host: '127.0.0.1:8080', protocol: 'ws', security: [{ $ref: '#/components/securitySchemes/bearer' }] } },
    channels: {
      stream: {
        address: '/v1/stream',
        messages: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }])),
        bindings: { ws: { method: 'GET', bindingVersion: '0.1.0' } },
      },
    },
    operations: {
      take: {
        action: 'receive',
        summary: 'What a server takes: `start` first, rows as binary messages.',
        channel: { $ref: '#/channels/stream' },
        messages: inChannel(names.filter((name) => FROM_CLIENT.includes(name))),
      },
      tell: {
        action: 'send',
        summary: 'What a server says: `ready`, results, and `end` or a fatal `error` before it closes.',
        channel: { $ref: '#/channels/stream' },
        messages: inChannel(names.filter((name) => BOTH.includes(name) || !FROM_CLIENT.includes(name))),
      },
    },
    components: { messages, schemas, securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
  };
}

const { root } = protobuf.parse(readFileSync(source, 'utf8'), { keepCase: true, alternateCommentMode: true });
root.resolveAll();
const wanted = `${JSON.stringify(documentOf(root), null, 2)}\n`;
if (!existsSync(target) || readFileSync(target, 'utf8') !== wanted) {
  if (!process.argv.includes('--check')) writeFileSync(target, wanted);
  else {
    process.stderr.write('docs/asyncapi.json is out of date: run `node scripts/make-asyncapi.mjs`\n');
    process.exitCode = 1;
  }
}
