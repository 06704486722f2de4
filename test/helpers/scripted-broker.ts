// A broker of MQTT 5 that says what a test has it say, in bytes: for answers that a real one gives only in bad times, and to see
// what a client sends. Packets are told from one another, no more; what is in them the tests know (MQTT 5, section 2.1).

import { createServer, type Server, type Socket } from 'node:net';

/** Types of packets, as the first byte's upper half. */
export const PACKET = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  subscribe: 8,
  suback: 9,
  disconnect: 14,
} as const;

export interface ScriptedBroker {
  readonly url: string;
  close(): Promise<void>;
}

/** @param hear is told of every packet: its type, what follows its length, and whom to answer */
export async function startScriptedBroker(
  hear: (type: number, body: Buffer, socket: Socket) => void,
): Promise<ScriptedBroker> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    let rest = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      for (let next = cut(rest); next; next = cut(rest)) {
        rest = rest.subarray(next.end);
        hear(next.type, next.body, socket);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `mqtt://127.0.0.1:${port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function cut(bytes: Buffer): { type: number; body: Buffer; end: number } | undefined {
  let length = 0;
  for (let at = 1; at < Math.min(bytes.length, 5); at++) {
    length += (bytes[at]! & 127) << (7 * (at - 1));
    if (bytes[at]! >= 128) continue;
    const end = at + 1 + length;
    return end > bytes.length ? undefined : { type: bytes[0]! >> 4, body: bytes.subarray(at + 1, end), end };
  }
  return undefined;
}

/** A packet of a type with a body of up to 127 bytes. */
export const packet = (type: number, ...body: number[]): Buffer => Buffer.of(type << 4, body.length, ...body);

/** Number of a PUBLISH at QoS 1: behind its topic. */
export const numberOf = (publish: Buffer): number => publish.readUInt16BE(2 + publish.readUInt16BE(0));
