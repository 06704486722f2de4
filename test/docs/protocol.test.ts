// docs/protocol.md against the wire: its examples are messages that the codecs take, every message there is is named, every
// close code is one that an error or the end has.

import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { LIMIT_SETTINGS } from '../../src/app/config.ts';
import { ERROR_CODES } from '../../src/base/errors.ts';
import { jsonCodec } from '../../src/wire/json-codec.ts';
import { STREAM_DESCRIPTOR_JSON } from '../../src/wire/stream-descriptor.ts';

const text = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
const envelope = protobuf.Root.fromJSON(JSON.parse(STREAM_DESCRIPTOR_JSON)).lookupType('millrace.v1.Envelope');

/** An example's JSON with its "…" taken out; a line that goes on in the next is put together. */
function examples(arrow: string): string[] {
  const joined = text.replaceAll(/\n {3}("[^\n]*)/g, '$1');
  return [...joined.matchAll(new RegExp(`^${arrow} (\\{.*\\})`, 'gm'))].map(([, json]) =>
    json!.replaceAll(/,…(?=[,}])/g, '').replaceAll(/…/g, ''),
  );
}

describe('docs/protocol.md', () => {
  it('shows messages of clients that the server takes', () => {
    const shown = examples('→');
    expect(shown.length).toBeGreaterThan(8);
    for (const json of shown) {
      const { type } = JSON.parse(json) as { type: string };
      const bytes = new TextEncoder().encode(json);
      expect(jsonCodec.decodeClient({ text: true, bytes }), json).toMatchObject({ type });
    }
  });

  it('shows messages of servers whose fields the schema has', () => {
    const shown = examples('←');
    expect(shown.length).toBeGreaterThan(8);
    for (const json of shown) {
      const { type, ...fields } = JSON.parse(json) as { type: string };
      const message = envelope.root.lookupType(envelope.fields[type]!.type);
      const known = new Set([...Object.keys(message.fields), ...(type === 'result' ? ['data'] : [])]);
      for (const field of Object.keys(fields)) expect(known.has(field), `${type}.${field}`).toBe(true);
    }
  });

  it('lists every limit that `ready` has, with the variable that sets it', () => {
    const rows = [...text.matchAll(/^\| (\w+) \| (MILLRACE_\w+) \|/gm)];
    const limits = envelope.root.lookupType('millrace.v1.Limits');
    expect(rows.map(([, name]) => name)).toEqual(limits.fieldsArray.map(({ name }) => name));
    const variables = LIMIT_SETTINGS.map(({ variable }) => variable);
    for (const [, , variable] of rows) expect(variables).toContain(variable);
  });

  it('names every message, every code it speaks of exists, and every close code is listed', () => {
    for (const { name } of envelope.fieldsArray)
      expect(text, name).toMatch(new RegExp(`["\`<]${name === 'rows' ? 'binary' : name}["\`>]`));
    for (const [code] of text.matchAll(/ERR_\w+/g)) expect(ERROR_CODES, code).toHaveProperty(code);
    const table = text.slice(text.indexOf('## Close codes'), text.indexOf('## Framed binary'));
    const listed = [...table.matchAll(/^\| ([\d, ]+) \|/gm)].flatMap(([, codes]) => codes!.split(',').map(Number));
    const used = Object.values(ERROR_CODES).flatMap(([, close]) => (close === 0 ? [] : [close]));
    expect([...new Set(listed)].sort()).toEqual([...new Set([...used, 1000, 1012])].sort());
  });
});
