// millrace.v1: every message is one line of JSON with a `type`, except rows, which are a raw binary message.
// The text is what messages.ts says, printed; only audio samples change shape (base64 of f32le).

import { asEngineError, EngineError, engineError } from '../base/errors.ts';
import type { Detection } from '../item/item.ts';
import { fromBase64, toBase64 } from './base64.ts';
import { checkClientMessage } from './check-client-message.ts';
import { type Codec, PROTOCOL_JSON } from './codec.ts';
import { isAudioData, type ServerMessage } from './messages.ts';
import { toResultMessage, toWireNumber } from './result-message.ts';

const SERVER_TYPES: ReadonlySet<string> = new Set<ServerMessage['type']>([
  'ready',
  'ack',
  'result',
  'gap',
  'finalized',
  'reset',
  'snapshot',
  'fork',
  'update',
  'error',
  'end',
  'drain',
]);

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const jsonCodec: Codec = {
  protocol: PROTOCOL_JSON,
  encodeServer: (message) => JSON.stringify(message.type === 'result' ? printable(message) : message),
  encodeResult: (seq, item) =>
    item.kind === 'detection' ? detectionText(seq, item) : jsonCodec.encodeServer(toResultMessage(seq, item)),
  encodeClient: (message) => (message.type === 'rows' ? message.data : JSON.stringify(message)),
  decodeClient(frame) {
    if (!frame.text) return { type: 'rows', data: frame.bytes };
    const fields = parseObject(() => utf8.decode(frame.bytes));
    if (fields.type === 'rows') {
      throw engineError('ERR_TYPE_UNKNOWN', 'rows came as text', { expected: 'rows as a binary message' });
    }
    return checkClientMessage(fields);
  },
  decodeServer(data) {
    if (typeof data !== 'string') throw engineError('ERR_TYPE_UNKNOWN', 'a binary message came from the server');
    const fields = parseObject(() => data);
    if (!SERVER_TYPES.has(fields.type as string)) {
      throw engineError('ERR_TYPE_UNKNOWN', 'the server sent a message of an unknown type');
    }
    return (fields.type === 'result' ? readable(fields) : fields) as unknown as ServerMessage;
  },
};

/** What JSON.stringify gives for the message, a third of the time. Numbers print alike; -0 is 0 in both. */
function detectionText(seq: number, { name, from, to, values }: Detection): string {
  let data = '';
  for (const key of Object.keys(values)) {
    data += `${data === '' ? '' : ','}${quoted(key)}:${toWireNumber(values[key]!)}`;
  }
  return `{"type":"result","seq":${seq},"op":${quoted(name)},"from":${from},"to":${to},"final":true,"data":{${data}}}`;
}

/** Names as JSON: a pipeline has few, so they are quoted once. Bounded, in case one makes them up as it goes. */
const quotedNames = new Map<string, string>();
const QUOTED_MAX = 256;

function quoted(name: string): string {
  let text = quotedNames.get(name);
  if (text === undefined) {
    text = JSON.stringify(name);
    if (quotedNames.size < QUOTED_MAX) quotedNames.set(name, text);
  }
  return text;
}

function parseObject(readText: () => string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(readText());
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    throw engineError('ERR_WIRE_MALFORMED', 'the text message is JSON but not an object', {
      expected: '{"type": ...}',
    });
  } catch (thrown) {
    if (thrown instanceof EngineError) throw thrown;
    throw engineError('ERR_WIRE_MALFORMED', 'the text message is not JSON in UTF-8', {
      expected: '{"type": ...}',
      cause: asEngineError(thrown),
    });
  }
}

function printable(message: ServerMessage & { readonly type: 'result' }): unknown {
  const { data } = message;
  if (!isAudioData(data)) return message;
  const { samples } = data;
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  return { ...message, data: { width: data.width, samples: toBase64(bytes) } };
}

function readable(fields: Record<string, unknown>): Record<string, unknown> {
  const data = fields.data as Record<string, unknown>;
  if (typeof data?.samples !== 'string') return fields;
  const bytes = fromBase64(data.samples);
  return { ...fields, data: { width: data.width, samples: new Float32Array(bytes.buffer, 0, bytes.length >> 2) } };
}
