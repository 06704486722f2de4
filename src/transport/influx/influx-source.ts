// A port that takes InfluxDB line protocol as InfluxDB does: POST /api/v2/write (v2) and /write (v1), plain or gzipped. 204
// once the lines are safe, 400 with InfluxDB's own error shape when a line is none and nothing was taken. What Telegraf and
// devices write to a database they can write here. /ping and /health answer as clients expect before they write.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createGunzip } from 'node:zlib';
import { engineError } from '../../base/errors.ts';
import { isLinePrecision, type LinePrecision } from '../../wire/formats/influx/precision.ts';
import type { MessageSource, SourceHandlers } from '../message-source.ts';

export interface InfluxOptions {
  readonly host: string;
  readonly port: number;
  /** What writers must show, as `Authorization: Token <it>`; absent: nothing. */
  readonly token?: string;
}

/** As InfluxDB's default would be 25 MB, a batch of Telegraf's 1,000 lines is 0.2 MB. */
const BODY_BYTES_MAX = 8 * 1024 * 1024;
const REQUEST_MS = 30_000;

type Answer = (status: number, body?: { readonly code: string; readonly message: string }) => void;

export function influxSource({ host, port, token }: InfluxOptions): MessageSource {
  let server: Server | undefined;
  let ended: () => void = () => undefined;
  let stopped = false;
  /** One after another: the order of lines is the order in which requests were read. */
  let turn: Promise<void> = Promise.resolve();

  async function serve(request: IncomingMessage, handlers: SourceHandlers, answer: Answer): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname === '/ping') return answer(204);
    if (url.pathname === '/health') return answer(stopped ? 503 : 200, { code: 'ok', message: 'ready for writes' });
    if (url.pathname !== '/api/v2/write' && url.pathname !== '/write') return answer(404, NOT_FOUND);
    if (request.method !== 'POST') return answer(405, { code: 'method not allowed', message: 'POST lines here' });
    if (token !== undefined && !isAllowed(request, url, token)) return answer(401, UNAUTHORIZED);
    const precision = url.searchParams.get('precision') ?? 'ns';
    if (!isLinePrecision(precision)) return answer(400, { code: 'invalid', message: 'precision: ns, us, ms or s' });
    const bytes = await bodyOf(request);
    if (!bytes) return answer(413, { code: 'request too large', message: `more than ${BODY_BYTES_MAX} bytes` });
    if (stopped) return answer(503, { code: 'unavailable', message: 'ending; write again later' });
    const taken = turn.then(() => takeLines(bytes, precision, handlers, answer));
    turn = taken.catch(() => undefined);
    return taken;
  }

  return {
    name: `influx://${host}:${port}`,
    async run(handlers) {
      await new Promise<void>((resolve, reject) => {
        ended = resolve;
        server = createServer((request, response) => {
          const answer = answerTo(response);
          serve(request, handlers, answer).catch((thrown: Error) => {
            answer(400, { code: 'invalid', message: `unreadable request: ${(thrown as NodeJS.ErrnoException).code}` });
          });
        });
        server.requestTimeout = REQUEST_MS;
        server.on('error', (cause: NodeJS.ErrnoException) => {
          const expected = 'an address of this machine with a free port';
          reject(
            engineError('ERR_PORT_IN_USE', `cannot listen on ${host}:${port}: ${cause.code}`, { expected, cause }),
          );
        });
        server.listen(port, host, () => {
          const address = server!.address();
          handlers.tell(
            `listening on influx://${host}:${typeof address === 'object' && address ? address.port : port}`,
          );
        });
      });
    },
    async stop() {
      stopped = true;
      ended();
    },
    async close() {
      stopped = true;
      ended();
      server?.closeIdleConnections();
      await new Promise<void>((resolve) => (server?.listening ? server.close(() => resolve()) : resolve()));
    },
  };
}

const NOT_FOUND = { code: 'not found', message: 'POST /api/v2/write or /write' };
const UNAUTHORIZED = { code: 'unauthorized', message: 'unauthorized access' };

async function takeLines(
  bytes: Buffer,
  precision: LinePrecision,
  { take }: SourceHandlers,
  answer: Answer,
): Promise<void> {
  await take({
    topic: '',
    bytes,
    precision,
    done: () => answer(204),
    refused: (error) => answer(400, { code: 'invalid', message: `unable to parse: ${error.message}` }),
  });
}

/** v2 reads `code` and `message`, v1 reads `error`. */
function answerTo(response: ServerResponse): Answer {
  return (status, body) => {
    if (response.headersSent) return;
    if (!body) return void response.writeHead(status).end();
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(`${JSON.stringify(status < 400 ? { ...body, status: 'pass' } : { ...body, error: body.message })}\n`);
  };
}

/** v2: a header; v1: ?u=..&p=<token>, or the password of Basic. */
function isAllowed({ headers }: IncomingMessage, url: URL, token: string): boolean {
  const [scheme = '', shown = ''] = (headers.authorization ?? '').split(' ');
  if (/^(token|bearer)$/i.test(scheme)) return same(shown, token);
  if (/^basic$/i.test(scheme))
    return same(Buffer.from(shown, 'base64').toString().split(':').slice(1).join(':'), token);
  return same(url.searchParams.get('p') ?? '', token);
}

/** Takes as long for a wrong guess as for a right one. */
function same(shown: string, token: string): boolean {
  const [a, b] = [Buffer.from(shown), Buffer.from(token)];
  let difference = a.length ^ b.length;
  for (let i = 0; i < b.length; i++) difference |= b[i]! ^ (a[i] ?? 0);
  return difference === 0;
}

/** Undefined when it is too large, unpacked too. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const packed = request.headers['content-encoding'] === 'gzip';
  const input = packed ? request.pipe(createGunzip()) : request;
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of input as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > BODY_BYTES_MAX) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}
