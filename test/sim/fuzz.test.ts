// Messages as nobody should send them: valid ones of both encodings with bytes and fields changed, in any order, to a whole
// server over memory; and sealed states with bytes changed. MILLRACE_FUZZ_INPUTS of them from MILLRACE_FUZZ_SEED on, or a
// few thousand (`npm run test:fuzz -- --inputs 100000 --seed 1`). Nothing may crash, hang, stay open, or close without a code.

import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../src/base/errors.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import { type MemoryTransport, memoryTransport } from '../../src/transport/memory/memory-transport.ts';
import { seal, unseal } from '../../src/transport/seal.ts';
import type { Codec } from '../../src/wire/codec.ts';
import { framedCodec } from '../../src/wire/framed-codec.ts';
import { jsonCodec } from '../../src/wire/json-codec.ts';
import type { ClientMessage, ServerMessage } from '../../src/wire/messages.ts';
import { pbCodec } from '../../src/wire/pb-codec.ts';
import { seeded } from '../helpers/items.ts';
import { START, serveOn } from '../server/test-server.ts';

const INPUTS = Number(process.env.MILLRACE_FUZZ_INPUTS ?? 4000);
const SEED = Number(process.env.MILLRACE_FUZZ_SEED ?? 1);
type Random = () => number;
const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)]!;

const ODD: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  0.5,
  1e300,
  2 ** 53,
  '',
  'x',
  '\u0000',
  '😀'.repeat(200),
  [],
  [[]],
  {},
  { a: {} },
  'r00000000000000000000000000000000.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
  { token: 'x' },
  { state: 'AQ' },
];

/** A message that is right, with the chance that one field of it is not. */
function message(random: Random): Record<string, unknown> {
  const id = `${Math.floor(random() * 3)}`;
  const at = Math.floor(random() * 5000);
  const right: readonly (() => ClientMessage)[] = [
    () => ({ ...START, ...(random() < 0.5 ? { resume: {} } : {}) }),
    () => ({ type: 'gap', from: at, to: at + 100, why: 'fuzz' }),
    () => ({ type: 'finalize', id }),
    () => ({ type: 'reset', id }),
    () => ({ type: 'snapshot', id, inline: random() < 0.5 }),
    () => ({ type: 'fork', id }),
    () => ({ type: 'update', id, options: { leak: random() } }),
    () => ({ type: 'received', seq: Math.floor(random() * 50) }),
    () => ({ type: 'keepalive' }),
    () => ({ type: 'close' }),
  ];
  const whole: Record<string, unknown> = { ...pick(random, right)() };
  if (random() < 0.25) whole[pick(random, [...Object.keys(whole), 'resume', 'options', 'format'])] = pick(random, ODD);
  return whole;
}

function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const out = Array.from(bytes);
  for (let i = 0; i < 1 + random() * 4; i++) {
    const at = Math.floor(random() * (out.length + 1));
    const how = random();
    if (how < 0.4 && at < out.length) out[at] = Math.floor(random() * 256);
    else if (how < 0.6) out.splice(at, 0, Math.floor(random() * 256));
    else if (how < 0.8) out.splice(at, 1 + Math.floor(random() * 8));
    else if (how < 0.9) out.push(...out.slice(at, at + 20));
    else out.length = Math.min(at, out.length);
  }
  return Uint8Array.from(out);
}

/** One input as the socket would give it. */
function input(random: Random, codec: Codec): string | Uint8Array {
  if (random() < 0.25) {
    const rows = { type: 'rows', offset: Math.floor(random() * 400), count: 80, data: new Uint8Array(160) } as const;
    const bytes = codec.encodeClient(rows) as Uint8Array;
    return random() < 0.85 ? bytes : mutate(bytes, random);
  }
  let sent: string | Uint8Array;
  try {
    sent = codec.encodeClient(message(random) as unknown as ClientMessage);
  } catch {
    sent = Uint8Array.from({ length: 20 }, () => random() * 256); // the schema takes no such field
  }
  if (random() < 0.85) return sent;
  return typeof sent === 'string'
    ? new TextDecoder().decode(mutate(new TextEncoder().encode(sent), random))
    : mutate(sent, random);
}

/** One connection: a start that is mostly right, then inputs; then the client hangs up, if the server has not. */
async function connection(transport: MemoryTransport, codec: Codec, random: Random, count: number): Promise<string> {
  const socket = transport.connect(codec.protocol);
  const heard: ServerMessage[] = [];
  const closed = new Promise<number>((resolve) => {
    socket.onclose = ({ code }) => resolve(code);
  });
  socket.onmessage = ({ data }) => {
    heard.push(codec.decodeServer(typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer)));
  };
  await new Promise<void>((resolve) => {
    socket.onopen = () => resolve();
  });
  if (random() < 0.9)
    socket.send(codec.encodeClient({ ...START, frame: 'framed', ...(random() < 0.5 ? { resume: {} } : {}) }));
  for (let i = 0; i < count; i++) {
    socket.send(input(random, codec));
    if (random() < 0.3) await new Promise((resolve) => setImmediate(resolve));
  }
  await new Promise((resolve) => setImmediate(resolve));
  const byServer = socket.readyState !== 1;
  socket.close(1000, 'enough');
  const code = await closed;
  if (!byServer) return 'open';
  const last = heard.at(-1);
  if (last?.type === 'end') return `end ${code}`;
  if (last?.type !== 'error' || !last.fatal) throw new Error(`closed with ${code} after ${JSON.stringify(last)}`);
  const known = ERROR_CODES[last.code as keyof typeof ERROR_CODES];
  expect(known, last.code).toBeDefined();
  expect(last.code, last.message).not.toBe('ERR_INVARIANT');
  expect(code).toBe(known[1] || 1011);
  return last.code;
}

describe.each([
  ['millrace.v1', jsonCodec],
  ['millrace.v1.pb', pbCodec],
] as const)('%s', (_, codec) => {
  it(`survives ${INPUTS} messages, each stream with an end or a coded close`, async () => {
    const random = seeded(SEED);
    const transport = memoryTransport();
    const store = memoryStore();
    const streams = serveOn(transport, { states: { store, sealKeys: [new Uint8Array(32)] } });
    const seen: Record<string, number> = {};
    for (let done = 0; done < INPUTS; ) {
      const count = Math.min(1 + Math.floor(random() * 12), INPUTS - done);
      const how = await connection(transport, framedCodec(codec), random, count);
      seen[how] = (seen[how] ?? 0) + 1;
      done += count;
      if (done % 50 < count) for (const { key, epoch } of await store.list()) await store.delete(key, epoch);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(streams.sessions()).toBe(0);
    expect(Object.keys(seen).length).toBeGreaterThan(5);
    if (INPUTS > 10_000) console.log(JSON.stringify(seen));
    await streams.close();
  }, 3_600_000);
});

describe('a sealed state', () => {
  it(`is refused in the same words, ${INPUTS} times`, () => {
    const random = seeded(SEED + 1);
    const key = Uint8Array.from({ length: 32 }, () => random() * 256);
    const binding = { tenant: 't', pipeline: 'vad', modelIds: ['aa', 'bb'], numerics: 'portable-1' };
    const state = Uint8Array.from({ length: 300 }, () => random() * 256);
    const sealed = seal(state, binding, 1e12, key);
    expect(unseal(sealed, binding, 0, [key]).state).toEqual(Buffer.from(state));
    const words = new Set<string>();
    let refused = 0;
    for (let i = 0; i < INPUTS; i++) {
      const bytes = mutate(new Uint8Array(Buffer.from(sealed, 'base64url')), random);
      const text =
        random() < 0.8
          ? Buffer.from(bytes).toString('base64url')
          : Buffer.from(mutate(Buffer.from(sealed), random)).toString('latin1');
      if (text === sealed) continue;
      try {
        unseal(text, binding, 0, [key]);
        throw new Error(`taken: ${text}`);
      } catch (thrown) {
        words.add(`${(thrown as { code: string }).code} ${(thrown as Error).message}`);
        refused++;
      }
    }
    expect([...words]).toEqual(['ERR_STATE_SEAL the sealed state was refused']);
    expect(refused).toBeGreaterThan(0.9 * INPUTS);
  });
});
