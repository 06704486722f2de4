// A TCP proxy that cuts each of its first connections after so many bytes to the server, without a word: both sides find
// their socket gone. For faults of every kind: test/sim/fault-proxy.ts.

import { connect, createServer, type Socket } from 'node:net';

export interface CutProxy {
  readonly port: number;
  /** Connections that were cut. */
  readonly cuts: number;
  close(): Promise<void>;
}

/** @param afterBytes of the first connection, of the second, and so on; those that follow stand */
export async function cutProxy(target: number, afterBytes: readonly number[]): Promise<CutProxy> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let cuts = 0;
  const proxy = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    let left = afterBytes[connections++] ?? Number.POSITIVE_INFINITY;
    const cut = (): void => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        cut();
      });
    }
    near.on('data', (data) => {
      left -= data.length;
      if (left >= 0) return far.write(data);
      cuts++;
      return cut();
    });
    far.pipe(near);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    port: (proxy.address() as { port: number }).port,
    get cuts() {
      return cuts;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
