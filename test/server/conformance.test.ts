// RFC 6455 over a raw socket, case by case: what a server must take, and with which code it must close on what it must not.
// Ping rounds and silence are in closing.test.ts.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BINARY, CLOSE, closeFrame, dial, frame, PING, PONG, TEXT } from './raw-websocket.ts';
import { until } from './resumable.ts';
import { START, startServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const start = Buffer.from(JSON.stringify(START));
const bytes = (...values: number[]) => Uint8Array.from(values);
/** "ä€" whole, and cut inside of both. */
const named = Buffer.from(JSON.stringify({ ...START, stream: 'ä€😀' }));

/** In pieces of `size` bytes: a first frame, continuations, a last one. */
function fragments(opcode: number, payload: Buffer, size: number, between: Buffer = Buffer.alloc(0)): Buffer {
  const frames: Buffer[] = [];
  for (let at = 0; at < payload.length; at += size) {
    const fin = at + size >= payload.length;
    frames.push(frame(at === 0 ? opcode : 0, payload.subarray(at, at + size), { fin }), ...(fin ? [] : [between]));
  }
  return Buffer.concat(frames);
}

const refused: readonly (readonly [string, Buffer, number])[] = [
  ['a frame that is not masked (5.1)', frame(TEXT, start, { masked: false }), 1002],
  ['RSV1 without an extension (5.2)', frame(TEXT, start, { rsv: 0x40 }), 1002],
  ['RSV2', frame(TEXT, start, { rsv: 0x20 }), 1002],
  ['RSV3', frame(BINARY, 'x', { rsv: 0x10 }), 1002],
  ['RSV1 on a ping', frame(PING, '', { rsv: 0x40 }), 1002],
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map(
    (opcode) => [`the reserved opcode ${opcode} (5.2)`, frame(opcode), 1002] as const,
  ),
  ['a ping of more than 125 bytes (5.5)', frame(PING, new Uint8Array(126)), 1002],
  ['a close of more than 125 bytes', frame(CLOSE, new Uint8Array(126)), 1002],
  ['a ping in fragments (5.5)', frame(PING, '', { fin: false }), 1002],
  ['a close in fragments', frame(CLOSE, '', { fin: false }), 1002],
  ['a continuation of nothing (5.4)', frame(0, 'x'), 1002],
  ['a continuation after a whole message', Buffer.concat([frame(TEXT, start), frame(0, 'x')]), 1002],
  ['a new message inside another', Buffer.concat([frame(TEXT, '{', { fin: false }), frame(TEXT, '}')]), 1002],
  ['a binary one inside of text', Buffer.concat([frame(TEXT, '{', { fin: false }), frame(BINARY, '}')]), 1002],
  ['a length of 2^63 (5.2)', frame(BINARY, 'x', { length: { value: 1n << 63n, bytes: 9 } }), 1009],
  ['a length of 2^53', frame(BINARY, 'x', { length: { value: 1n << 53n, bytes: 9 } }), 1009],
  ['a length beyond the bound', frame(BINARY, 'x', { length: { value: 200_000n, bytes: 9 } }), 1009],
  ['fragments beyond the bound', fragments(BINARY, Buffer.alloc(200_000), 50_000), 1009],
  ['a close with one byte (5.5.1)', frame(CLOSE, bytes(3)), 1002],
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map(
    (code) => [`the close code ${code} (7.4)`, closeFrame(code), 1002] as const,
  ),
  ['text that is not UTF-8 (8.1)', frame(TEXT, bytes(0x22, 0xc3, 0x28, 0x22)), 1007],
  ['an overlong slash', frame(TEXT, bytes(0x22, 0xc0, 0xaf, 0x22)), 1007],
  ['a surrogate in UTF-8', frame(TEXT, bytes(0x22, 0xed, 0xa0, 0x80, 0x22)), 1007],
  ['beyond U+10FFFF', frame(TEXT, bytes(0x22, 0xf4, 0x90, 0x80, 0x80, 0x22)), 1007],
  ['UTF-8 that breaks off', frame(TEXT, named.subarray(0, named.indexOf(0xc3) + 1)), 1007],
  ['not UTF-8, in fragments', fragments(TEXT, Buffer.of(0x22, 0xe2, 0x28, 0xa1, 0x22), 1), 1007],
  ['an empty text message', frame(TEXT), 1007],
];

const echoed = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];

describe('a WebSocket of RFC 6455', () => {
  it.each(refused)('closes on %s', async (_, sent, code) => {
    const { socket, closed } = await dial(server.url);
    socket.write(sent);
    expect(await closed).toBe(code);
  });

  it.each(echoed)('answers a close with %i with the same (5.5.1)', async (code) => {
    const { socket, closed } = await dial(server.url);
    socket.write(closeFrame(code, 'so long'));
    expect(await closed).toBe(code);
  });

  it('answers a close without a code with one without, and reads nothing after it', async () => {
    const { socket, closed, messages } = await dial(server.url);
    socket.write(Buffer.concat([frame(CLOSE), frame(TEXT, start), frame(PING, 'x')]));
    expect(await closed).toBe(0);
    expect(messages()).toEqual([]);
  });

  it.each([1, 2, 3, 7, 50])('puts text together from fragments of %i bytes, pings between them (5.4)', async (size) => {
    const { socket, heard, messages } = await dial(server.url);
    const pings = size > 2 ? Math.ceil(named.length / size) - 1 : 0;
    socket.write(fragments(TEXT, named, size, pings > 0 ? frame(PING, 'still there') : Buffer.alloc(0)));
    await until(() => messages().length > 0);
    expect(messages()).toMatchObject([{ type: 'ready', stream: 'ä€😀' }]);
    const pongs = heard.filter(({ opcode }) => opcode === PONG);
    expect(pongs.map(({ payload }) => String(payload))).toEqual(Array(pings).fill('still there'));
    socket.destroy();
  });

  it('cuts off who sends pings and reads none of the answers', async () => {
    const { socket, closed } = await dial(server.url);
    socket.write(Buffer.concat(Array.from({ length: 500 }, () => frame(PING, 'still there'))));
    expect(await closed).toBe(undefined);
  });

  it('takes rows in fragments, empty ones among them, and one byte at a time on the wire', async () => {
    const { socket, messages } = await dial(server.url);
    const rows = Buffer.alloc(640, 7);
    const empty = Buffer.concat([
      frame(BINARY, '', { fin: false }),
      frame(0, '', { fin: false }),
      frame(0, rows, { fin: false }),
      frame(0, ''),
    ]);
    const sent = Buffer.concat([
      frame(TEXT, start),
      fragments(BINARY, rows, 3),
      empty,
      frame(TEXT, '{"type":"close"}'),
    ]);
    for (let at = 0; at < sent.length; at += 1 + (at % 5)) {
      socket.write(sent.subarray(at, at + 1 + (at % 5)));
      if (at % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => messages().some(({ type }) => type === 'end'));
    expect(messages().at(-1)).toMatchObject({ type: 'end', offset: 640, results: 4 });
  });

  it('answers pings with what they held, however long their length is written, and ignores pongs (5.5.3)', async () => {
    const { socket, heard } = await dial(server.url);
    socket.write(frame(PONG, 'nobody asked'));
    for (const size of [0, 1, 124, 125]) socket.write(frame(PING, Buffer.alloc(size, size)));
    await until(() => heard.length === 4);
    expect(heard.map(({ opcode, payload }) => [opcode, payload.length])).toEqual(
      [0, 1, 124, 125].map((n) => [PONG, n]),
    );
    socket.destroy();
  });

  it('masks nothing and fragments nothing that it sends', async () => {
    const { socket, heard } = await dial(server.url);
    socket.write(
      Buffer.concat([frame(TEXT, start), frame(BINARY, new Uint8Array(3200)), frame(TEXT, '{"type":"close"}')]),
    );
    await until(() => heard.some(({ opcode }) => opcode === CLOSE));
    expect(heard.every(({ opcode }) => [TEXT, CLOSE].includes(opcode))).toBe(true);
    socket.destroy();
  });
});

describe('its handshake (4.2)', () => {
  it.each([
    ['another version', { 'Sec-WebSocket-Version': '12' }, '400'],
    ['no version', { 'Sec-WebSocket-Version': undefined }, '400'],
    ['no key', { 'Sec-WebSocket-Key': undefined }, '400'],
    ['a key of the wrong length', { 'Sec-WebSocket-Key': 'YQ==' }, '400'],
    ['a broken list of subprotocols', { 'Sec-WebSocket-Protocol': 'a,,b' }, '400'],
    ['another upgrade', { Upgrade: 'h2c' }, '400'],
  ] as const)('refuses %s', async (_, headers, status) => {
    const { status: answered, socket } = await dial(server.url, headers);
    expect(answered).toContain(status);
    socket.destroy();
  });

  it('refuses another method, and takes a client without a subprotocol as one that speaks JSON', async () => {
    const post = await dial(server.url, {}, 'POST');
    expect(post.status).toContain('405');
    post.socket.destroy();
    const plain = await dial(server.url, { 'Sec-WebSocket-Protocol': undefined });
    expect(plain.status).toContain('101');
    plain.socket.write(frame(TEXT, start));
    await until(() => plain.messages().length > 0);
    expect(plain.messages()).toMatchObject([{ type: 'ready' }]);
    plain.socket.destroy();
  });

  it('leaves nothing behind', async () => {
    await until(() => server.streams.sessions() === 0);
  });
});
