// What the client needs of a WebSocket: the part that browsers, `ws`, Node's own and the in-memory transport share.

export interface WebSocketLike {
  binaryType: string;
  readonly protocol: string;
  readonly readyState: number;
  /** Bytes given to `send` that the network has not taken. */
  readonly bufferedAmount: number;
  onopen: ((event: unknown) => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  onerror: ((event: unknown) => void) | null;
  send(data: string | Uint8Array): void;
  close(code?: number, reason?: string): void;
}

export type OpenSocket = (url: string, protocols: readonly string[]) => WebSocketLike | Promise<WebSocketLike>;

/**
 * The platform's WebSocket; on Node 20, which has none, the one of the `ws` package. This dynamic import is the one
 * exception to "ws only in transport/ws": browsers never reach it, and a bundle without `ws` works in them.
 */
export const defaultSocket: OpenSocket = async (url, protocols) => {
  const found: unknown = (globalThis as { WebSocket?: unknown }).WebSocket ?? (await import('ws')).WebSocket;
  const Socket = found as new (url: string, protocols: string[]) => WebSocketLike;
  return new Socket(url, [...protocols]);
};
