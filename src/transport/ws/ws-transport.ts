// WebSocket connections on somebody's node:http server: the only place where the server uses `ws`. Compression is off (it
// costs memory per connection and gains little on PCM), messages are bounded, a peer that answers no ping is cut off.
// `ws` shakes hands, reads, pings and closes. Messages go out past it, on the socket it was given, as whole frames in one
// write a turn (server-frame.ts): its own way, two buffers and a callback for each message, takes twice the time.

import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { Observable } from 'rxjs';
import { type WebSocket, WebSocketServer } from 'ws';
import { asEngineError, type EngineError } from '../../base/errors.ts';
import { PROTOCOL_JSON, PROTOCOL_PB } from '../../wire/codec.ts';
import type { Dialect, DialectRoute } from '../dialect.ts';
import { type Admission, type Gate, refusalOf } from '../gate.ts';
import { type TraceContext, traceContextOf } from '../trace-context.ts';
import { type Connection, closeReason, type Transport } from '../transport.ts';
import { framesOf, type Message } from './server-frame.ts';

export interface WsOptions {
  /** Listening or about to. Other paths and plain requests stay its own. */
  readonly server: Server | SecureServer;
  /** Default /v1/stream. */
  readonly path?: string;
  /** The bridge refuses larger messages with an error; from twice this size on `ws` itself closes with a bare 1009. */
  readonly messageBytesMax: number;
  readonly pingMs?: number;
  /** Asked before each handshake is answered. Default: everybody gets in. */
  readonly gate?: Gate;
  /** Other servers' vocabularies, each at a path of its own. */
  readonly dialects?: readonly DialectRoute[];
}

/** Whose connection it is, and what it speaks. */
interface Caller {
  readonly tenant: string;
  readonly untilMs?: number | undefined;
  readonly dialect?: Dialect | undefined;
  readonly trace?: TraceContext | undefined;
}

const PING_MS = 10_000;
/** Three rounds without a sign of life: a slow reader's pong waits behind what it still has to read. */
const SILENT_PINGS_MAX = 3;
/** What a peer gets to answer our close before its socket is destroyed. */
const CLOSE_MS = 1000;
const NOBODY: Admission = { tenant: '', release: () => undefined };
const NOT_FOUND = 'HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

export function wsTransport(options: WsOptions): Transport {
  const { server, path = '/v1/stream', messageBytesMax, pingMs = PING_MS, gate, dialects = [] } = options;
  const routes = new Map(dialects.map((route) => [route.path, route]));
  const sockets = openSockets(routes, messageBytesMax);
  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const route = routes.get(pathOf(request));
    if (!route && pathOf(request) !== path) return void socket.end(NOT_FOUND);
    if (gate || route) void askFirst(gate, route, request, socket, head);
    else shakeHands(request, socket, head, { tenant: '' });
  }
  function shakeHands(request: IncomingMessage, socket: Duplex, head: Buffer, caller: Caller): void {
    sockets.handleUpgrade(request, socket, head, (webSocket) => sockets.emit('connection', webSocket, request, caller));
  }
  async function askFirst(
    gate: Gate | undefined,
    route: DialectRoute | undefined,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): Promise<void> {
    const ignore = (): void => undefined; // its close follows
    socket.on('error', ignore);
    try {
      const { tenant, untilMs, release } = (await gate?.(request)) ?? NOBODY;
      if (socket.closed) return release();
      socket.once('close', release);
      const dialect = await route?.open(request);
      if (socket.destroyed) return;
      socket.off('error', ignore);
      shakeHands(request, socket, head, { tenant, untilMs, dialect });
    } catch (thrown) {
      refuse(socket, asEngineError(thrown));
    }
  }
  server.on('upgrade', upgrade);

  const peers = new Map<WebSocket, Peer>();
  const pinger = setInterval(() => {
    for (const [socket, peer] of peers) {
      if (peer.silentPings++ >= SILENT_PINGS_MAX) socket.terminate();
      else if (socket.readyState === socket.OPEN) socket.ping();
    }
  }, pingMs);
  pinger.unref();

  return {
    connections$: new Observable<Connection>((subscriber) => {
      sockets.on('connection', (socket: WebSocket, request: IncomingMessage, caller: Caller) => {
        const peer = { silentPings: 0 };
        peers.set(socket, peer);
        socket.on('close', () => peers.delete(socket));
        const trace = traceContextOf(request);
        subscriber.next(connectionOf(socket, request.socket, peer, { ...caller, trace }));
      });
    }),
    async close() {
      clearInterval(pinger);
      server.off('upgrade', upgrade);
      const { clients } = sockets;
      const gone = [...clients].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
      for (const socket of clients) socket.close(1001, 'closing');
      const cutOff = setTimeout(() => {
        for (const socket of clients) socket.terminate();
      }, CLOSE_MS);
      await Promise.all(gone);
      clearTimeout(cutOff);
      await new Promise((resolve) => sockets.close(resolve));
    },
  };
}

function openSockets(routes: ReadonlyMap<string, DialectRoute>, messageBytesMax: number): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: 2 * messageBytesMax,
    skipUTF8Validation: true, // the codec checks, and says so in an error before the close
    handleProtocols(offered, request) {
      const known = routes.get(pathOf(request))?.protocols ?? [PROTOCOL_JSON, PROTOCOL_PB];
      return known.find((name) => offered.has(name)) ?? false;
    },
  });
}

/** Answers in HTTP, since there is no WebSocket yet, and hangs up. */
function refuse(socket: Duplex, error: EngineError): void {
  const { status, headers, body } = refusalOf(error);
  const lines = Object.entries({ ...headers, connection: 'close', 'content-length': Buffer.byteLength(body) });
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines.map(([name, value]) => `${name}: ${value}`)];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.resume();
  setTimeout(() => socket.destroy(), CLOSE_MS).unref();
}

const pathOf = ({ url = '' }: IncomingMessage): string => url.split('?')[0]!;

/** Rounds of pings since the last sign of life. */
interface Peer {
  silentPings: number;
}

/** @param wire the socket under `socket`: without compression `ws` keeps nothing back, so frames of both lie in order on it */
function connectionOf(socket: WebSocket, wire: Duplex, peer: Peer, caller: Caller): Connection {
  let held: Message[] = [];
  let corked = false;
  function flush(): void {
    if (held.length > 0 && socket.readyState === socket.OPEN) wire.write(framesOf(held));
    held = [];
  }
  // A socket's error is always followed by its close, which is what the bridge hears.
  socket.on('error', () => undefined);
  socket.on('pong', () => {
    peer.silentPings = 0;
  });
  return {
    protocol: socket.protocol,
    ...caller,
    messages$: new Observable((subscriber) => {
      socket.on('message', (data: Buffer, isBinary) => {
        peer.silentPings = 0;
        subscriber.next({ text: !isBinary, bytes: data });
      });
      socket.on('close', () => subscriber.complete());
    }),
    get backlogBytes() {
      return wire.writableLength;
    },
    send(data) {
      held.push(data);
      if (!corked) flush();
    },
    listen(more) {
      if (more === !socket.isPaused) return;
      if (more) socket.resume();
      else socket.pause();
    },
    cork() {
      corked = true;
    },
    uncork() {
      corked = false;
      flush();
    },
    close(code, reason) {
      flush();
      if (socket.isPaused) socket.resume(); // to read the other side's close
      socket.close(code, closeReason(reason));
    },
  };
}
