// A real server on 127.0.0.1 for one test file, and a bare client that keeps every message: for what the typed client
// would never send.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import { type Clock, micros } from '../../src/base/units.ts';
import { DEFAULT_LIMITS, type StreamLimits } from '../../src/transport/limits.ts';
import { type StreamEvent, type StreamServer, serveStreams } from '../../src/transport/serve-streams.ts';
import type { StatesOptions } from '../../src/transport/states.ts';
import type { Transport } from '../../src/transport/transport.ts';
import { wsTransport } from '../../src/transport/ws/ws-transport.ts';
import type { ServerMessage } from '../../src/wire/messages.ts';
import { openTestPipeline } from './test-pipelines.ts';

export const realClock = { now: () => micros(performance.now() * 1000) };

export interface TestServer {
  readonly url: string;
  readonly streams: StreamServer;
  readonly events: StreamEvent[];
  close(): Promise<void>;
}

export interface ServeMore {
  readonly limits?: Partial<StreamLimits>;
  readonly events?: StreamEvent[];
  readonly clock?: Clock;
  readonly states?: StatesOptions;
}

export function serveOn(
  transport: Transport,
  { limits, events, clock = realClock, states }: ServeMore = {},
): StreamServer {
  return serveStreams({
    transport,
    openPipeline: openTestPipeline,
    clock,
    limits: { ...DEFAULT_LIMITS, ...limits },
    log: (event) => events?.push(event),
    ...(states ? { states } : {}),
  });
}

export async function startServer(
  limits: Partial<StreamLimits> = {},
  pingMs = 10_000,
  states?: StatesOptions,
): Promise<TestServer> {
  const http = createServer((_, response) => response.end('plain'));
  const { messageBytesMax } = { ...DEFAULT_LIMITS, ...limits };
  const events: StreamEvent[] = [];
  const streams = serveOn(wsTransport({ server: http, messageBytesMax, pingMs }), {
    limits,
    events,
    ...(states ? { states } : {}),
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/v1/stream`,
    streams,
    events,
    async close() {
      await streams.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

export interface RawClient {
  readonly socket: WebSocket;
  readonly messages: ServerMessage[];
  send(message: object | string | Uint8Array): void;
  /** The first message of this type, past or to come. */
  next<T extends ServerMessage['type']>(type: T): Promise<Extract<ServerMessage, { type: T }>>;
  readonly closed: Promise<{ code: number; reason: string }>;
}

export async function openRaw(url: string, protocols: string[] = ['millrace.v1']): Promise<RawClient> {
  const socket = new WebSocket(url, protocols, { perMessageDeflate: false });
  const messages: ServerMessage[] = [];
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }));
  });
  const heard = new Set<() => void>();
  socket.on('message', (data) => {
    messages.push(JSON.parse(String(data)));
    for (const look of heard) look();
  });
  await new Promise((resolve, reject) => {
    socket.on('open', resolve);
    socket.on('error', reject);
  });
  return {
    socket,
    messages,
    closed,
    send(message) {
      socket.send(typeof message === 'string' || message instanceof Uint8Array ? message : JSON.stringify(message));
    },
    next(type) {
      return new Promise((resolve, reject) => {
        const look = () => {
          const found = messages.find((message) => message.type === type);
          if (!found) return;
          heard.delete(look);
          resolve(found as never);
        };
        heard.add(look);
        look();
        void closed.then(({ code }) => reject(new Error(`closed with ${code} before ${type} came`)));
      });
    },
  };
}

/** Lets sockets, timers and the pump go on. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const START = {
  type: 'start',
  v: 1,
  pipeline: 'energy',
  format: { encoding: 'pcm_s16le', rate: 16_000, channels: 1 },
} as const;
