// The plain HTTP side of the server: is it alive, does it take streams, which pipelines are there.

import { createServer, type Server } from 'node:http';
import { engineError } from '../base/errors.ts';
import { listPipelines, loadNamedPipeline } from '../pipeline/load-pipelines.ts';
import { describeOption } from '../pipeline/options.ts';
import { PIPELINES } from './paths.ts';

export interface HttpOptions {
  /** False while draining: load balancers stop sending here before the sockets close. */
  readonly ready: () => boolean;
  readonly sessions: () => number;
}

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

export function createHttpServer(options: HttpOptions): Server {
  return createServer((request, response) => {
    const answer = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
    };
    const path = request.url?.split('?')[0];
    if (request.method !== 'GET') return answer(405, { error: 'only GET is served here' });
    if (path === '/healthz') return answer(200, { status: 'ok', sessions: options.sessions() });
    if (path === '/readyz')
      return options.ready() ? answer(200, { status: 'ready' }) : answer(503, { status: 'draining' });
    if (path === '/v1/pipelines') {
      describePipelines().then(
        (pipelines) => answer(200, { pipelines }),
        () => answer(500, { error: 'pipelines could not be read' }),
      );
      return;
    }
    answer(404, { error: 'not found', expected: 'GET /healthz, /readyz, /v1/pipelines, or a WebSocket at /v1/stream' });
  });
}

/** Listens, and resolves with the port taken (`port` 0 picks a free one). @throws ERR_PORT_IN_USE */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EADDRINUSE') return reject(cause);
      const expected = 'another --port, or --port 0 for a free one';
      reject(engineError('ERR_PORT_IN_USE', `port ${port} on ${host} is already in use`, { expected, cause }));
    });
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}
