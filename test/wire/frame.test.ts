import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EngineError } from '../../src/base/errors.ts';
import { micros } from '../../src/base/units.ts';
import type { Chunk, ResultItem } from '../../src/item/item.ts';
import type { Codec } from '../../src/wire/codec.ts';
import { framedCodec } from '../../src/wire/framed-codec.ts';
import { jsonCodec } from '../../src/wire/json-codec.ts';
import type { ReadyMessage } from '../../src/wire/messages.ts';
import { pbCodec } from '../../src/wire/pb-codec.ts';
import { toResultMessage } from '../../src/wire/result-message.ts';
import { detectionOf, gapOf, seeded } from '../helpers/items.ts';

const READY: ReadyMessage = {
  type: 'ready',
  session: 'a',
  stream: 'b',
  recovered: false,
  offset: 0,
  seq: 0,
  pipeline: 'vad',
  numerics: 'portable-1',
  state_bytes: 1,
  credit: 1,
  limits: { max_message: 1, idle_ms: 1, max_gap: 1, max_outstanding: 1 },
  frame: 'framed',
  framed: [
    { op: 'vad', values: ['speech'] },
    { op: 'levels', values: ['low', 'high'] },
  ],
};

/** Both ends of one stream, after `ready`. */
function pair(inner: Codec): { readonly server: Codec; readonly client: Codec } {
  const server = framedCodec(inner);
  const client = framedCodec(inner);
  expect(client.decodeServer(server.encodeServer(READY))).toEqual(READY);
  return { server, client };
}
const binary = (bytes: Uint8Array) => ({ text: false, bytes });
const codeOf = (action: () => unknown): string => {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof EngineError) return thrown.code;
    throw thrown;
  }
  return 'none';
};
const rowsFrame = (offset: number, count: number, data: Uint8Array): Uint8Array =>
  framedCodec(jsonCodec).encodeClient({ type: 'rows', offset, count, data }) as Uint8Array;

describe.each([jsonCodec, pbCodec])('framed binary in $protocol', (inner) => {
  it('brings rows with their place, as a view of the message', () => {
    const { server, client } = pair(inner);
    for (const offset of [0, 160, 2 ** 31, 2 ** 32 + 1, 2 ** 53 - 3]) {
      const bytes = client.encodeClient({ type: 'rows', offset, count: 2, data: Uint8Array.of(1, 2, 3, 4) });
      const decoded = server.decodeClient(binary(bytes as Uint8Array));
      expect(decoded).toEqual({ type: 'rows', offset, count: 2, data: Uint8Array.of(1, 2, 3, 4) });
      expect(decoded.type === 'rows' && decoded.data.buffer).toBe((bytes as Uint8Array).buffer);
    }
  });

  it('gives the client the messages that the other form gives, bit for bit', () => {
    const { server, client } = pair(inner);
    const random = seeded(3);
    const float = () => (random() < 0.1 ? Number.NaN : Math.fround((random() - 0.5) * 10 ** (20 * random() - 10)));
    for (let seq = 0; seq < 400; seq++) {
      const from = Math.floor(random() * 2 ** 50);
      const audio: Chunk = {
        kind: 'chunk',
        from,
        to: from + 3,
        pts: micros(0),
        rows: 3,
        width: 2,
        data: Float32Array.from({ length: 6 }, () => Math.fround(random())),
      };
      const items: readonly ResultItem[] = [
        detectionOf('vad', from, from + 160, { speech: float() }),
        detectionOf('levels', from, from + 7, { low: float(), high: float() }),
        detectionOf('vad.start', from, from + 7, { peak: float() }), // undeclared: as the subprotocol has it
        detectionOf('levels', from, from + 7, { high: float(), low: float() }), // another order: likewise
        audio,
      ];
      const item = items[Math.floor(random() * items.length)]!;
      const sent = server.encodeResult(seq, item);
      const message = client.decodeServer(sent);
      expect(message).toEqual(inner.decodeServer(inner.encodeResult(seq, item)));
      expect(message).toEqual(toResultMessage(seq, item));
      if (item.kind === 'detection' && item.name === 'vad') expect(sent).toHaveLength(28);
    }
  });

  it('leaves every other message as it is', () => {
    const { server, client } = pair(inner);
    const { kind: _, pts: __, ...gap } = gapOf(3, 4);
    expect(client.decodeServer(server.encodeServer({ type: 'gap', ...gap }))).toEqual({ type: 'gap', ...gap });
    const close = client.encodeClient({ type: 'close' });
    const bytes = typeof close === 'string' ? new TextEncoder().encode(close) : close;
    expect(server.decodeClient({ text: typeof close === 'string', bytes })).toEqual({ type: 'close' });
  });

  it('answers what is no frame with a code', () => {
    const { server, client } = pair(inner);
    const changed = (at: number, value: number): Uint8Array => {
      const bytes = rowsFrame(0, 1, Uint8Array.of(1, 2));
      bytes[at] = value;
      return bytes;
    };
    const answer = (bytes: Uint8Array): string => codeOf(() => server.decodeClient(binary(bytes)));
    expect(answer(rowsFrame(0, 1, Uint8Array.of(1, 2)))).toBe('none');
    expect(answer(rowsFrame(0, 0, new Uint8Array(0)))).toBe('none');
    expect(answer(rowsFrame(0, 0, new Uint8Array(0)).subarray(0, 23))).toBe('ERR_WIRE_MALFORMED');
    expect(answer(changed(1, 2))).toBe('ERR_TYPE_UNKNOWN');
    expect(answer(changed(2, 1))).toBe('ERR_WIRE_MALFORMED');
    expect(answer(changed(3, 1))).toBe('ERR_WIRE_MALFORMED');
    expect(answer(changed(14, 0x20))).toBe('ERR_SEQ_REGRESSION'); // offset 2^53
    expect(answer(changed(15, 0xff))).toBe('ERR_SEQ_REGRESSION');
    expect(answer(rowsFrame(2 ** 53 - 1, 1, Uint8Array.of(1, 2)))).toBe('ERR_SEQ_REGRESSION'); // its end is beyond
    // Version 2: a frame in millrace.v1; in millrace.v1.pb no version byte and no Envelope either.
    expect(answer(changed(0, 2))).toBe(inner === jsonCodec ? 'ERR_WIRE_VERSION' : 'ERR_WIRE_MALFORMED');
    const stray = server.encodeResult(0, detectionOf('vad', 0, 1, { speech: 1 })) as Uint8Array;
    stray[2] = 9;
    expect(codeOf(() => client.decodeServer(stray))).toBe('ERR_WIRE_MALFORMED');
  });

  it('answers any bytes with rows or a coded error', () => {
    const { server } = pair(inner);
    const random = seeded(12);
    for (let run = 0; run < 3000; run++) {
      const bytes = Uint8Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 256));
      if (run % 2 === 0) bytes.set([1, 1, 0, 0].slice(0, bytes.length));
      try {
        server.decodeClient(binary(bytes));
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(EngineError);
      }
    }
  });
});

describe('docs/protocol.md', () => {
  it('shows real frames', () => {
    const block = readFileSync('docs/protocol.md', 'utf8').match(/```hex\n([\s\S]*?)```/)![1]!;
    const [rows, lost, vad] = block
      .split('\n')
      .filter((line) => /^[0-9a-f]{2} /.test(line))
      .map((line) => line.split('#')[0]!.replaceAll(/[^0-9a-f]/g, ''));
    const hex = (bytes: string | Uint8Array): string => Buffer.from(bytes as Uint8Array).toString('hex');
    const { server } = pair(jsonCodec);
    expect(rows).toBe(hex(rowsFrame(48_000, 2, new Uint8Array(Int16Array.of(1000, -1000).buffer))));
    expect(lost).toBe(hex(rowsFrame(49_600, 0, new Uint8Array(0))));
    expect(vad).toBe(hex(server.encodeResult(0, detectionOf('vad', 48_000, 48_160, { speech: Math.fround(0.97) }))));
  });
});
