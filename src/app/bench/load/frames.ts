// A client's side of RFC 6455, as little as a load generator needs: the upgrade request, frames made before they are needed,
// and reading whole frames out of a socket's bytes. No fragments, no extensions: the server sends neither.

import { assert } from '../../../base/assert.ts';

export const OPCODE = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Any 16 bytes do: the key only proves that the other side speaks WebSocket. */
const UPGRADE_KEY = Buffer.alloc(16, 7).toString('base64');

export function upgradeRequest(port: number, protocol: string): string {
  return [
    'GET /v1/stream HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${UPGRADE_KEY}`,
    `Sec-WebSocket-Protocol: ${protocol}`,
    '\r\n',
  ].join('\r\n');
}

/** A masked frame with masking key 0 (RFC 6455, 5.3: any key is legal), which leaves the payload as it is. */
export function clientFrame(opcode: number, payload: Uint8Array): Buffer {
  const long = payload.length > 125;
  assert(payload.length < 65_536, 'a load message is below 64 kB');
  const frame = Buffer.alloc((long ? 8 : 6) + payload.length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (long ? 126 : payload.length);
  if (long) frame.writeUInt16BE(payload.length, 2);
  frame.set(payload, frame.length - payload.length);
  return frame;
}

export const textFrame = (message: object): Buffer => clientFrame(OPCODE.text, Buffer.from(JSON.stringify(message)));

/** A frame's payload is bytes[from, to), valid during the call only. */
export type OnFrame = (opcode: number, bytes: Buffer, from: number, to: number) => void;

/** Takes a socket's bytes as they come, in a buffer that may be used again at once. */
export function createFrameReader(onFrame: OnFrame): (bytes: Buffer, length: number) => void {
  let carry: Buffer | undefined;
  return (bytes, length) => {
    const data = carry ? Buffer.concat([carry, bytes.subarray(0, length)]) : bytes;
    const end = carry ? data.length : length;
    let at = 0;
    while (end - at >= 2) {
      const short = data[at + 1]!;
      assert(data[at]! >= 0x80 && short <= 126, 'the server sends whole, unmasked frames below 64 kB');
      const head = short === 126 ? 4 : 2;
      if (end - at < head) break;
      const from = at + head;
      const to = from + (short === 126 ? data.readUInt16BE(at + 2) : short);
      if (to > end) break;
      onFrame(data[at]! & 0x0f, data, from, to);
      at = to;
    }
    carry = at < end ? Buffer.from(data.subarray(at, end)) : undefined;
  };
}
