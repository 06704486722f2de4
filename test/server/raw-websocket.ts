// A WebSocket by hand over a TCP socket: any frame, right or wrong, and what comes back, frame by frame (RFC 6455, 5.2).

import { connect, type Socket } from 'node:net';

export interface FrameOptions {
  readonly fin?: boolean;
  /** RSV1 to RSV3 as 0x40, 0x20, 0x10. */
  readonly rsv?: number;
  readonly masked?: boolean;
  /** In place of the payload's own length, in as many bytes. */
  readonly length?: { readonly value: bigint; readonly bytes: 1 | 3 | 9 };
}

export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

export function frame(opcode: number, payload: Uint8Array | string = '', options: FrameOptions = {}): Buffer {
  const { fin = true, rsv = 0, masked = true } = options;
  const data = Buffer.from(payload as Uint8Array);
  const size = data.length < 126 ? 1 : data.length < 65_536 ? 3 : 9;
  const { value, bytes } = options.length ?? { value: BigInt(data.length), bytes: size };
  const head = Buffer.alloc(1 + bytes);
  head[0] = (fin ? 0x80 : 0) | rsv | opcode;
  const mask = masked ? 0x80 : 0;
  if (bytes === 1) head[1] = mask | Number(value);
  else if (bytes === 3) {
    head[1] = mask | 126;
    head.writeUInt16BE(Number(value), 2);
  } else {
    head[1] = mask | 127;
    head.writeBigUInt64BE(value, 2);
  }
  if (!masked) return Buffer.concat([head, data]);
  const key = Buffer.of(0x12, 0x34, 0x56, 0x78);
  return Buffer.concat([head, key, data.map((byte, i) => byte ^ key[i % 4]!)]);
}

export function closeFrame(code: number, reason: Uint8Array | string = ''): Buffer {
  const payload = Buffer.concat([Buffer.alloc(2), Buffer.from(reason as Uint8Array)]);
  payload.writeUInt16BE(code);
  return frame(CLOSE, payload);
}

export interface Heard {
  readonly opcode: number;
  readonly payload: Buffer;
}

export interface RawWebSocket {
  readonly socket: Socket;
  readonly status: string;
  readonly heard: Heard[];
  /** The code of the server's close frame; 0: its frame had none; undefined: it hung up without one. */
  readonly closed: Promise<number | undefined>;
  /** Text messages heard, parsed. */
  messages(): { readonly type: string; readonly [field: string]: unknown }[];
}

const REQUEST: Readonly<Record<string, string>> = {
  Host: '127.0.0.1',
  Upgrade: 'websocket',
  Connection: 'Upgrade',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Protocol': 'millrace.v1',
};

/** @param headers in place of the usual ones; undefined leaves one out */
export async function dial(
  url: string,
  headers: Readonly<Record<string, string | undefined>> = {},
  method = 'GET',
): Promise<RawWebSocket> {
  const { port, pathname } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => undefined);
  const lines = Object.entries({ ...REQUEST, ...headers }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  );
  socket.write(`${method} ${pathname} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  let buffer = Buffer.alloc(0);
  let status = '';
  const heard: Heard[] = [];
  let closeCode: number | undefined;
  const opened = new Promise<void>((resolve) => {
    socket.on('data', (data) => {
      buffer = Buffer.concat([buffer, data]);
      if (status === '') {
        const end = buffer.indexOf('\r\n\r\n');
        if (end < 0) return;
        status = buffer.toString('latin1', 0, buffer.indexOf('\r\n'));
        buffer = buffer.subarray(end + 4);
        resolve();
      }
      for (let next = takeFrame(buffer); next && status.includes('101'); next = takeFrame(buffer)) {
        buffer = buffer.subarray(next.size);
        heard.push(next);
        if (next.opcode === CLOSE) socket.write(frame(CLOSE, next.payload)); // what a peer must answer (5.5.1)
        if (next.opcode === CLOSE) closeCode ??= next.payload.length >= 2 ? next.payload.readUInt16BE(0) : 0;
      }
    });
    socket.on('close', () => resolve());
  });
  const closed = new Promise<number | undefined>((resolve) => socket.on('close', () => resolve(closeCode)));
  await opened;
  return {
    socket,
    status,
    heard,
    closed,
    messages: () =>
      heard.flatMap(({ opcode, payload }) => (opcode === TEXT ? [JSON.parse(payload.toString('utf8'))] : [])),
  };
}

function takeFrame(buffer: Buffer): (Heard & { readonly size: number }) | undefined {
  if (buffer.length < 2) return undefined;
  const short = buffer[1]! & 0x7f;
  const head = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (buffer.length < head) return undefined;
  const length = short < 126 ? short : short === 126 ? buffer.readUInt16BE(2) : Number(buffer.readBigUInt64BE(2));
  if (buffer.length < head + length) return undefined;
  return { opcode: buffer[0]! & 0x0f, payload: buffer.subarray(head, head + length), size: head + length };
}
