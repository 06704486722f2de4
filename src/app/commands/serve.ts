// millrace serve: the WebSocket server. SIGTERM and SIGINT drain: no new streams, answers for what was accepted, then out.

import type { Command } from 'commander';
import { type Logger, pino } from 'pino';
import { asEngineError } from '../../base/errors.ts';
import { serveStreams } from '../../transport/serve-streams.ts';
import { wsTransport } from '../../transport/ws/ws-transport.ts';
import { systemClock } from '../clock.ts';
import { limitsFromEnvironment, type ServerLimits } from '../config.ts';
import { createHttpServer, listen } from '../http.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { serveMetrics } from '../metrics/serve-metrics.ts';
import { openEngine } from '../open-engine.ts';
import { createOpenPipeline } from '../open-pipeline.ts';
import { openStates, type StatesFlags } from '../open-states.ts';
import { print } from '../print.ts';
import { type ServeFlags, serveOptions } from '../serve/flags.ts';
import { logRefusal, logStream, openLog } from '../serve/log.ts';
import { type GuardFlags, openGuard } from '../serve/open-guard.ts';
import { readCertificate, type TlsFlags } from '../serve/tls.ts';
import { usage } from '../usage.ts';
import { isWorker, startWorkers, workerPlace } from '../workers.ts';

export interface RunningServer {
  readonly port: number;
  readonly metricsPort: number | undefined;
  /** False: everybody who reaches it gets in. */
  readonly asks: boolean;
  sessions(): number;
  /** Reads tokens, keys and the certificate again; what is wrong with one is logged and leaves it as it was. */
  reload(): Promise<void>;
  drain(deadlineMs: number): Promise<void>;
  close(): Promise<void>;
}

export interface ServeSettings {
  readonly host: string;
  readonly port: number;
  /** Default: silent. */
  readonly log?: Logger;
  /** In place of what the environment or the defaults say. */
  readonly limits?: Partial<ServerLimits>;
  /** Default: portable. */
  readonly engine?: string;
  /** Where resumable streams are kept; default: in memory. */
  readonly states?: StatesFlags;
  /** Who gets in; default: everybody. */
  readonly guard?: GuardFlags;
  /** Default: none. */
  readonly tls?: TlsFlags;
  /** Pipelines that are opened before the server says that it is ready. */
  readonly warm?: readonly string[];
  /** Where `GET /metrics` is served; default: nowhere. */
  readonly metrics?: { readonly host: string; readonly port: number } | undefined;
  /** Microseconds from chunk in to result out, for every result of every stream; in place of metrics. */
  readonly observe?: (us: number) => void;
}

/** Listens and serves every pipeline of the package. Resolves once connections are taken. @throws ERR_PORT_IN_USE */
export async function startServer(settings: ServeSettings): Promise<RunningServer> {
  const { host, port, log = pino({ level: 'silent' }), observe, tls = {}, warm = [] } = settings;
  const limits = { ...limitsFromEnvironment(process.env), ...settings.limits };
  const states = await openStates(settings.states ?? {}, limits.resumeMsMax);
  const metrics = settings.metrics && createMetrics();
  const guard = await openGuard(settings.guard ?? {}, limits, states.store, (code) => {
    logRefusal(log, code);
    metrics?.refused(code);
  });
  const openPipeline = createOpenPipeline(await openEngine(settings.engine));
  let notReady: 'warming' | 'draining' | undefined = warm.length > 0 ? 'warming' : undefined;
  const http = createHttpServer({
    notReady: () => notReady,
    sessions: () => streams.sessions(),
    ticket: guard.ticket,
    handshakeMsMax: limits.handshakeMsMax,
    certificate: await readCertificate(tls),
  });
  const streams = serveStreams({
    transport: wsTransport({ server: http, messageBytesMax: limits.messageBytesMax, gate: guard.gate }),
    openPipeline,
    clock: systemClock,
    limits,
    states,
    log(event) {
      logStream(log, event);
      metrics?.event(event);
    },
    meter: observe ? () => ({ result: observe, gap: () => undefined, closed: () => undefined }) : metrics?.meter,
  });
  const scraped = settings.metrics && (await serveMetrics(metrics!, settings.metrics.host, settings.metrics.port));
  const taken = await listen(http, host, port);
  const close = async (): Promise<void> => {
    await streams.close();
    await scraped?.close();
    await new Promise((resolve) => http.close(resolve));
  };
  for (const name of warm) {
    await openPipeline(name, {}).catch(async (thrown: unknown) => {
      await close();
      throw thrown;
    });
  }
  notReady = undefined;
  return {
    port: taken,
    metricsPort: scraped?.port,
    asks: guard.asks,
    sessions: streams.sessions,
    async reload() {
      const tried = await Promise.allSettled([guard.reload(), renewCertificate(http, tls)]);
      const failed = tried.flatMap((one) => (one.status === 'rejected' ? [asEngineError(one.reason)] : []));
      for (const { code, message } of failed) log.error({ code, why: message }, 'reload failed');
      if (failed.length === 0) log.info('reloaded');
    },
    async drain(deadlineMs) {
      notReady = 'draining';
      await Promise.race([
        streams.drain(deadlineMs),
        new Promise((resolve) => setTimeout(resolve, deadlineMs).unref()),
      ]);
      await close();
    },
    close,
  };
}

/** For connections to come; those there are keep theirs. */
async function renewCertificate(http: ReturnType<typeof createHttpServer>, flags: TlsFlags): Promise<void> {
  const certificate = await readCertificate(flags);
  if (certificate && 'setSecureContext' in http) http.setSecureContext(certificate);
}

/** Longer than a container's usual ten seconds before SIGKILL would lose the race; shorter would cut streams needlessly. */
const DRAIN_MS = 8000;

export function addServe(program: Command): void {
  const command = program.command('serve').description('take streams over WebSocket at /v1/stream');
  for (const option of serveOptions(process.env)) command.addOption(option);
  command
    .option('--limit <name=value>', 'a limit, as sessions-max=50; again for each', collect, [])
    .option('--quiet', 'no line per stream: --log-level warn')
    .addHelpText('after', '\nLimits, variables and who gets in: docs/configuration.md. SIGTERM drains and exits 0.')
    .action(serve);
}

const collect = (pair: string, before: readonly string[]): string[] => [...before, pair];

async function serve(flags: ServeFlags): Promise<void> {
  const port = portNumber(flags.port, '--port');
  const count = workerCount(flags.workers);
  const limits = limitsFromEnvironment(process.env, flags.limit);
  const alone = count === 1;
  if (!alone && !isWorker()) return print(listening(flags, await startWorkers(count), count));
  const log = openLog(flags.quiet ? 'warn' : flags.logLevel);
  const server = await startServer({ ...flags, port, limits, log, ...grouped(flags) });
  if (alone) print(listening(flags, server.port, 1));
  if (!server.asks && !LOOPBACK.has(flags.host)) log.warn('everybody who reaches this server gets in');
  const stop = async (signal: string): Promise<void> => {
    print(`${signal}: draining ${server.sessions()} streams`);
    await server.drain(DRAIN_MS);
    print('drained');
    if (!alone) process.exit(0); // a worker's channel to the first process would keep it alive
  };
  process.on('SIGHUP', () => void server.reload());
  process.once('SIGTERM', () => void stop('SIGTERM'));
  process.once('SIGINT', () => void stop('SIGINT'));
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

const grouped = (flags: ServeFlags) => ({
  states: flags,
  guard: flags,
  tls: flags,
  metrics:
    flags.metricsPort === undefined ? undefined : { host: flags.metricsHost, port: metricsPort(flags.metricsPort) },
  warm: (flags.warm ?? '').split(',').filter((name) => name !== ''),
});

function listening({ host, tlsCert }: ServeFlags, port: number, workers: number): string {
  const shared = workers > 1 ? `, ${workers} workers` : '';
  const scheme = tlsCert === undefined ? 'ws' : 'wss';
  return `millrace listens on ${scheme}://${host}:${port}/v1/stream${shared}  (GET /healthz, /readyz, /v1/pipelines)`;
}

const WORKERS_MAX = 256;

function workerCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= WORKERS_MAX) return count;
  throw usage(`--workers cannot be "${text}"`, `a whole number from 1 to ${WORKERS_MAX}`);
}

/** Each worker listens on one of its own: a sum over them is the scraper's. */
const metricsPort = (text: string): number => portNumber(text, '--metrics-port') + workerPlace();

function portNumber(text: string, flag: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw usage(`${flag} cannot be "${text}"`, 'a whole number from 0 to 65535');
}
