// The plain HTTP side of the server: is it alive, does it take streams, which pipelines are there.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import { asEngineError, engineError } from '../base/errors.ts';
import { listPipelines, loadNamedPipeline } from '../pipeline/load-pipelines.ts';
import { describeOption } from '../pipeline/options.ts';
import { refusalOf } from '../transport/gate.ts';
import type { Guard } from '../transport/guard/guard.ts';
import { PIPELINES } from './paths.ts';
import type { Certificate } from './serve/tls.ts';
import type { NotReady } from './serve/warm.ts';

export interface HttpOptions {
  /** What keeps streams from being sent here: load balancers look before the sockets close. undefined: ready. */
  readonly notReady: () => NotReady | undefined;
  readonly sessions: () => number;
  readonly ticket: Guard['ticket'];
  /** For a connection to say its whole request head. */
  readonly handshakeMsMax: number;
  readonly certificate?: Certificate | undefined;
}

/** How often connections that say nothing are looked for, at most. */
const CHECK_MS_MAX = 1000;

/** What `GET /v1/pipelines` and `millrace pipelines --json` say. */
export async function describePipelines(): Promise<object[]> {
  const names = await listPipelines(PIPELINES);
  return Promise.all(
    names.map(async (name) => {
      const { summary, input, options } = await loadNamedPipeline(name, PIPELINES);
      const described = Object.entries(options).map(([key, spec]) => [key, `${spec.help}: ${describeOption(spec)}`]);
      return { name, summary, input, options: Object.fromEntries(described) };
    }),
  );
}

export function createHttpServer(options: HttpOptions): Server | SecureServer {
  const { handshakeMsMax, certificate } = options;
  const timeouts = {
    headersTimeout: handshakeMsMax,
    requestTimeout: handshakeMsMax,
    connectionsCheckingInterval: Math.min(CHECK_MS_MAX, handshakeMsMax),
  };
  const answer = (request: IncomingMessage, response: ServerResponse) => serveRequest(options, request, response);
  if (!certificate) return createServer(timeouts, answer);
  return createSecureServer({ ...timeouts, ...certificate, handshakeTimeout: handshakeMsMax }, answer);
}

function serveRequest(options: HttpOptions, request: IncomingMessage, response: ServerResponse): void {
  const answer = (status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
  };
  request.resume(); // bodies are not read
  const path = request.url?.split('?')[0];
  if (request.method === 'POST' && path === '/v1/tickets') return void giveTicket(options, request, response);
  if (request.method !== 'GET') return answer(405, { error: 'only GET is served here, and POST /v1/tickets' });
  if (path === '/healthz') return answer(200, { status: 'ok', sessions: options.sessions() });
  if (path === '/readyz') {
    const status = options.notReady();
    return status ? answer(503, { status }) : answer(200, { status: 'ready' });
  }
  if (path === '/v1/pipelines') {
    describePipelines().then(
      (pipelines) => answer(200, { pipelines }),
      () => answer(500, { error: 'pipelines could not be read' }),
    );
    return;
  }
  const expected = 'GET /healthz, /readyz, /v1/pipelines, POST /v1/tickets, or a WebSocket at /v1/stream or /compat';
  answer(404, { error: 'not found', expected });
}

async function giveTicket(
  { ticket: issue }: HttpOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const { ticket, expiresMs } = await issue(request);
    const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
    response.writeHead(201, headers).end(`${JSON.stringify({ ticket, expires_ms: expiresMs })}\n`);
  } catch (thrown) {
    const { status, headers, body } = refusalOf(asEngineError(thrown));
    response.writeHead(status, headers).end(body);
  }
}

/** Listens, and resolves with the port taken (`port` 0 picks a free one). @param exclusive not shared among workers @throws ERR_PORT_IN_USE */
export function listen(server: Server | SecureServer, host: string, port: number, exclusive = false): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EADDRINUSE') return reject(cause);
      const expected = 'another --port, or --port 0 for a free one';
      reject(engineError('ERR_PORT_IN_USE', `port ${port} on ${host} is already in use`, { expected, cause }));
    });
    server.listen({ port, host, exclusive }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}
