// millrace serve: the WebSocket server. SIGTERM and SIGINT drain: no new streams, answers for what was accepted, then out.

import type { Command } from 'commander';
import type { StreamLimits } from '../../transport/limits.ts';
import { type StreamEvent, serveStreams } from '../../transport/serve-streams.ts';
import { wsTransport } from '../../transport/ws/ws-transport.ts';
import { systemClock } from '../clock.ts';
import { limitsFromEnvironment } from '../config.ts';
import { createHttpServer, listen } from '../http.ts';
import { ENGINE_HELP, ENGINE_NAMES, openEngine } from '../open-engine.ts';
import { createOpenPipeline } from '../open-pipeline.ts';
import { openStates, type StatesFlags } from '../open-states.ts';
import { print } from '../print.ts';
import { usage } from '../usage.ts';
import { isWorker, startWorkers } from '../workers.ts';

export interface RunningServer {
  readonly port: number;
  sessions(): number;
  drain(deadlineMs: number): Promise<void>;
  close(): Promise<void>;
}

export interface ServeSettings {
  readonly host: string;
  readonly port: number;
  readonly log?: (line: string) => void;
  /** In place of what the environment or the defaults say. */
  readonly limits?: Partial<StreamLimits>;
  /** Default: portable. */
  readonly engine?: string;
  /** Where resumable streams are kept; default: in memory. */
  readonly states?: StatesFlags;
  /** Microseconds from chunk in to result out, for every result of every stream. */
  readonly observe?: (us: number) => void;
}

/** Listens and serves every pipeline of the package. Resolves once connections are taken. @throws ERR_PORT_IN_USE */
export async function startServer({
  host,
  port,
  log = () => undefined,
  limits: own,
  engine,
  states,
  observe,
}: ServeSettings): Promise<RunningServer> {
  let draining = false;
  const limits = { ...limitsFromEnvironment(process.env), ...own };
  const http = createHttpServer({ ready: () => !draining, sessions: () => streams.sessions() });
  const streams = serveStreams({
    transport: wsTransport({ server: http, messageBytesMax: limits.messageBytesMax }),
    openPipeline: createOpenPipeline(await openEngine(engine)),
    clock: systemClock,
    limits,
    states: await openStates(states ?? {}, limits.resumeMsMax),
    log: (event) => log(logLine(event)),
    ...(observe ? { observe } : {}),
  });
  const taken = await listen(http, host, port);
  const close = async (): Promise<void> => {
    await streams.close();
    await new Promise((resolve) => http.close(resolve));
  };
  return {
    port: taken,
    sessions: streams.sessions,
    async drain(deadlineMs) {
      draining = true;
      await Promise.race([
        streams.drain(deadlineMs),
        new Promise((resolve) => setTimeout(resolve, deadlineMs).unref()),
      ]);
      await close();
    },
    close,
  };
}

function logLine(event: StreamEvent): string {
  const id = 'id' in event ? ` ${event.id}` : '';
  return `${event.event}${id}${'error' in event ? ` ${event.error.code}` : ''}`;
}

/** Longer than a container's usual ten seconds before SIGKILL would lose the race; shorter would cut streams needlessly. */
const DRAIN_MS = 8000;

export function addServe(program: Command): void {
  program
    .command('serve')
    .description('take streams over WebSocket at /v1/stream')
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port, 0 for a free one', '8080')
    .option('--workers <n>', 'processes that share the port: one a core', '1')
    .option('--engine <name>', ENGINE_HELP, ENGINE_NAMES[0])
    .option('--state-dir <folder>', 'keep resumable streams here, over restarts; workers share it (default: in memory)')
    .option('--seal-keys <file>', 'keys for states that clients carry: 64 hexadecimal digits a line, the first seals')
    .option('--quiet', 'no line per stream')
    .addHelpText('after', '\nLimits are environment variables, see docs/configuration.md. SIGTERM drains and exits 0.')
    .action(async ({ host, port, workers, engine, quiet, ...states }: ServeFlags) => {
      const wanted = portNumber(port);
      const count = workerCount(workers);
      const alone = count === 1;
      if (!alone && !isWorker()) return print(listening(host, await startWorkers(count), count));
      const server = await startServer({ host, port: wanted, engine, states, ...(quiet ? {} : { log: print }) });
      if (alone) print(listening(host, server.port, 1));
      const stop = async (signal: string): Promise<void> => {
        print(`${signal}: draining ${server.sessions()} streams`);
        await server.drain(DRAIN_MS);
        print('drained');
        if (!alone) process.exit(0); // a worker's channel to the first process would keep it alive
      };
      process.once('SIGTERM', () => void stop('SIGTERM'));
      process.once('SIGINT', () => void stop('SIGINT'));
    });
}

interface ServeFlags extends StatesFlags {
  readonly host: string;
  readonly port: string;
  readonly workers: string;
  readonly engine: string;
  readonly quiet?: boolean;
}

function listening(host: string, port: number, workers: number): string {
  const shared = workers > 1 ? `, ${workers} workers` : '';
  return `millrace listens on ws://${host}:${port}/v1/stream${shared}  (GET /healthz, /readyz, /v1/pipelines)`;
}

const WORKERS_MAX = 256;

function workerCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= WORKERS_MAX) return count;
  throw usage(`--workers cannot be "${text}"`, `a whole number from 1 to ${WORKERS_MAX}`);
}

function portNumber(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw usage(`--port cannot be "${text}"`, 'a whole number from 0 to 65535');
}
