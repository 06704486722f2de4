// Where the client's sockets come from. What it needs of one: wire/socket-like.ts.

import type { WebSocketLike } from '../wire/socket-like.ts';

export type OpenSocket = (url: string, protocols: readonly string[]) => WebSocketLike | Promise<WebSocketLike>;

/**
 * The platform's WebSocket; on Node 20, which has none, the one of the `ws` package. This dynamic import is the one
 * exception to "ws only in transport/ws": browsers never reach it, and a bundle without `ws` works in them.
 */
export const defaultSocket: OpenSocket = (url, protocols) => {
  type Constructor = new (url: string, protocols: string[]) => WebSocketLike;
  const platform = (globalThis as { WebSocket?: Constructor }).WebSocket;
  if (platform) return new platform(url, [...protocols]);
  return import('ws').then(({ WebSocket }) => new (WebSocket as unknown as Constructor)(url, [...protocols]));
};
