import { expect, it } from 'vitest';
import { jsonCodec } from '../../../wire/json-codec.ts';
import type { ServerMessage } from '../../../wire/messages.ts';
import { createFrameReader, OPCODE } from './frames.ts';
import { readTo, replyKind } from './read-reply.ts';

/** As a server sends it: not masked. */
function serverFrame(opcode: number, payload: Buffer): Buffer {
  const long = payload.length > 125;
  const head = Buffer.alloc(long ? 4 : 2, 0x80 | opcode);
  head[1] = long ? 126 : payload.length;
  if (long) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}

it('reads whole frames however the bytes are cut, out of one buffer used again and again', () => {
  const payloads = [0, 1, 125, 126, 127, 5000].map((length) => Buffer.alloc(length, length));
  const bytes = Buffer.concat(payloads.map((payload) => serverFrame(OPCODE.binary, payload)));
  for (const piece of [1, 2, 3, 7, 128, 1000, bytes.length]) {
    const seen: Buffer[] = [];
    const read = createFrameReader((opcode, data, from, to) => {
      expect(opcode).toBe(OPCODE.binary);
      seen.push(Buffer.from(data.subarray(from, to)));
    });
    const shared = Buffer.alloc(bytes.length);
    for (let at = 0; at < bytes.length; at += piece) {
      const length = bytes.copy(shared, 0, at, at + piece);
      read(shared, length);
      shared.fill(0xee);
    }
    expect(seen).toEqual(payloads);
  }
});

it('refuses what our server never sends', () => {
  const read = createFrameReader(() => undefined);
  expect(() => read(Buffer.from([0x01, 0x02, 0, 0]), 4)).toThrow(/whole, unmasked/);
  expect(() => read(Buffer.from([0x81, 0x82, 0, 0]), 4)).toThrow(/whole, unmasked/);
});

it('tells the messages of the server apart, and how far they reach, without JSON', () => {
  const messages: ServerMessage[] = [
    { type: 'result', seq: 12, op: 'vad', from: 3040, to: 3200, final: true, data: { speech: 0.5 } },
    { type: 'gap', from: 48_000, to: 49_600, why: 'client' },
    { type: 'ack', offset: 3200, credit: 131_072, lag_ms: 0.4 },
    { type: 'end', offset: 96_000, results: 590, gaps: 1, digest: 'sha256:0' },
    { type: 'error', code: 'ERR_IDLE', fatal: true, message: 'nothing came' },
    { type: 'reset', id: '1', offset: 3 },
    { type: 'finalized', id: '1', offset: 3, seq: 2 },
    { type: 'drain', deadline_ms: 8000 },
  ];
  const told = messages.map((message) => {
    const bytes = Buffer.from(` ${jsonCodec.encodeServer(message)}`);
    return [replyKind(bytes, 1), readTo(bytes, 1, bytes.length)];
  });
  expect(told).toEqual([
    ['result', 3200],
    ['gap', 49_600],
    ['other', -1],
    ['end', -1],
    ['error', -1],
    ['other', -1],
    ['other', -1],
    ['other', -1],
  ]);
  expect(replyKind(Buffer.from('{"type":"ready","session":"x"}'), 0)).toBe('ready');
});
