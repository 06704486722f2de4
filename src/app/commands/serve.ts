// millrace serve: the WebSocket server. SIGTERM and SIGINT drain: no new streams, answers for what was accepted, then out.

import type { Command } from 'commander';
import { type Logger, pino } from 'pino';
import { asEngineError, type ErrorCode } from '../../base/errors.ts';
import { serveStreams } from '../../transport/serve-streams.ts';
import { wsTransport } from '../../transport/ws/ws-transport.ts';
import { systemClock } from '../clock.ts';
import type { Chosens } from '../config/resolve.ts';
import { DEFAULT_SERVER_LIMITS, PORT_MAX, type ServerLimits } from '../config.ts';
import { createHttpServer, listen } from '../http.ts';
import { createMetrics, type Metrics } from '../metrics/metrics.ts';
import { serveMetrics } from '../metrics/serve-metrics.ts';
import { openEngine } from '../open-engine.ts';
import { createOpenPipeline } from '../open-pipeline.ts';
import { openStates, type StatesFlags } from '../open-states.ts';
import { print } from '../print.ts';
import {
  addServeOptions,
  chooseSettings,
  misspelt,
  type ServeFlags,
  serveConfig,
  shownConfig,
  WORKER_SETTINGS_VARIABLE,
} from '../serve/choose-settings.ts';
import { logRefusal, openLog } from '../serve/log.ts';
import { openDialects } from '../serve/open-dialects.ts';
import { type GuardFlags, openGuard } from '../serve/open-guard.ts';
import type { ServeConfig } from '../serve/settings.ts';
import { readCertificate, type TlsFlags } from '../serve/tls.ts';
import { chooseToWarm, type NotReady, warm } from '../serve/warm.ts';
import { createWatchers } from '../serve/watchers.ts';
import { usage } from '../usage.ts';
import { isWorker, leave, startWorkers, workerPlace } from '../workers.ts';

export interface RunningServer {
  readonly port: number;
  readonly metricsPort: number | undefined;
  /** False: everybody who reaches it gets in. */
  readonly asks: boolean;
  /** When what was to be warmed is: true if all of it could be opened. Never rejects. */
  readonly warmed: Promise<boolean>;
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
  /** In place of the defaults. */
  readonly limits?: Partial<ServerLimits>;
  /** Default: portable. */
  readonly engine?: string;
  /** Where resumable streams are kept; default: in memory. */
  readonly states?: StatesFlags;
  /** Who gets in; default: everybody. */
  readonly guard?: GuardFlags;
  /** Default: none. */
  readonly tls?: TlsFlags;
  /** Pipelines that are opened and run in before /readyz says ready, beside connections. Default: all. */
  readonly warm?: readonly string[];
  /** Where `GET /metrics` is served; default: nowhere. */
  readonly metrics?: { readonly host: string; readonly port: number } | undefined;
  /** Microseconds from chunk in to result out, for every result of every stream; in place of metrics. */
  readonly observe?: (us: number) => void;
}

/** Listens and serves every pipeline of the package. Resolves once connections are taken. @throws ERR_PORT_IN_USE */
export async function startServer(settings: ServeSettings): Promise<RunningServer> {
  const { host, port, log = pino({ level: 'silent' }), observe, tls = {} } = settings;
  const toWarm = await chooseToWarm(settings.warm ?? ['all']);
  const limits = { ...DEFAULT_SERVER_LIMITS, ...settings.limits };
  const states = await openStates(settings.states ?? {}, limits.resumeMsMax);
  const metrics = settings.metrics && createMetrics();
  const watchers = createWatchers(log, metrics);
  const refused = (code: ErrorCode): void => noteRefusal(log, metrics, code);
  const keysFailed = (why: string): void => log.warn({ why }, 'keys not fetched');
  const guard = await openGuard(settings.guard ?? {}, limits, states.store, { refused, keysFailed });
  const openPipeline = createOpenPipeline(await openEngine(settings.engine));
  let notReady: NotReady | undefined = toWarm.names.length > 0 ? 'warming' : undefined;
  let closed = false;
  const http = createHttpServer({
    notReady: () => notReady,
    sessions: () => streams.sessions(),
    ticket: guard.ticket,
    handshakeMsMax: limits.handshakeMsMax,
    certificate: await readCertificate(tls),
  });
  const streams = serveStreams({
    transport: wsTransport({
      server: http,
      messageBytesMax: limits.messageBytesMax,
      gate: guard.gate,
      dialects: openDialects(refused),
    }),
    openPipeline,
    clock: systemClock,
    limits,
    states,
    log: watchers.log,
    meter: observe ? () => ({ result: observe, gap: () => undefined, closed: () => undefined }) : watchers.meter,
  });
  const scraped = settings.metrics && (await serveMetrics(metrics!, settings.metrics.host, settings.metrics.port));
  const taken = await listen(http, host, port);
  const close = async (): Promise<void> => {
    closed = true;
    await streams.close();
    await scraped?.close();
    await new Promise((resolve) => http.close(resolve));
  };
  const warmed = warm(toWarm, openPipeline, log, () => !closed);
  void warmed.then((all) => {
    if (notReady === 'warming') notReady = all ? undefined : 'warm-up failed';
  });
  return {
    port: taken,
    metricsPort: scraped?.port,
    asks: guard.asks,
    warmed,
    sessions: streams.sessions,
    async reload() {
      const tried = await Promise.allSettled([guard.reload(), renewCertificate(http, tls)]);
      const failed = tried.flatMap((one) => (one.status === 'rejected' ? [asEngineError(one.reason)] : []));
      for (const { code, message } of failed) log.error({ code, why: message }, 'reload failed');
      if (failed.length === 0) log.info('reloaded');
    },
    async drain(deadlineMs) {
      notReady = 'draining';
      watchers.draining();
      await Promise.race([
        streams.drain(deadlineMs),
        new Promise((resolve) => setTimeout(resolve, deadlineMs).unref()),
      ]);
      await close();
    },
    close,
  };
}

function noteRefusal(log: Logger, metrics: Metrics | undefined, code: ErrorCode): void {
  logRefusal(log, code);
  metrics?.refused(code);
}

/** For connections to come; those there are keep theirs. */
async function renewCertificate(http: ReturnType<typeof createHttpServer>, flags: TlsFlags): Promise<void> {
  const certificate = await readCertificate(flags);
  if (certificate && 'setSecureContext' in http) http.setSecureContext(certificate);
}

/** Longer than a container's usual ten seconds before SIGKILL would lose the race; shorter would cut streams needlessly. */
const DRAIN_MS = 8000;

export function addServe(program: Command): void {
  addServeOptions(program.command('serve').description('take streams over WebSocket at /v1/stream'))
    .addHelpText('after', '\nLimits, the file, who gets in: docs/configuration.md. SIGTERM drains and exits 0.')
    .action(serve);
}

async function serve(flags: ServeFlags): Promise<void> {
  const chosens = await chooseSettings(flags, process.env);
  const shown = shownConfig(chosens, flags, process.env);
  if (flags.printConfig) return print(lineByLine(shown));
  const config = serveConfig(chosens);
  const log = openLog(config.logLevel);
  const alone = config.workers === 1;
  if (!alone && !isWorker()) {
    const port = await startWorkers(config.workers, handDown(chosens));
    logConfiguration(log, shown);
    return print(listening(config, port));
  }
  const server = await startServer({ ...config, log, ...grouped(config) });
  if (alone) {
    logConfiguration(log, shown);
    print(listening(config, server.port));
  }
  if (!server.asks && !LOOPBACK.has(config.host)) log.warn('everybody who reaches this server gets in');
  const stop = async (signal: string): Promise<void> => {
    print(`${signal}: draining ${server.sessions()} streams`);
    await server.drain(DRAIN_MS);
    print('drained');
    if (!alone) leave();
  };
  process.on('SIGHUP', () => void server.reload());
  process.once('SIGTERM', () => void stop('SIGTERM'));
  process.once('SIGINT', () => void stop('SIGINT'));
}

function logConfiguration(log: Logger, config: object): void {
  log.info({ config }, 'configuration');
  for (const one of misspelt(process.env)) log.warn(one, 'variable that means nothing');
}

/** JSON with a setting a line. */
const lineByLine = (settings: object): string =>
  `{\n${Object.entries(settings)
    .map(([name, chosen]) => `  ${JSON.stringify(name)}: ${JSON.stringify(chosen)}`)
    .join(',\n')}\n}`;

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

const handDown = (chosens: Chosens): Record<string, string> => ({
  [WORKER_SETTINGS_VARIABLE]: JSON.stringify([...chosens]),
});

const grouped = (config: ServeConfig) => ({
  states: config,
  guard: config,
  tls: config,
  metrics:
    config.metricsPort === undefined ? undefined : { host: config.metricsHost, port: metricsPort(config.metricsPort) },
});

function listening({ host, tlsCert, workers }: ServeConfig, port: number): string {
  const shared = workers > 1 ? `, ${workers} workers` : '';
  const scheme = tlsCert === undefined ? 'ws' : 'wss';
  return `millrace listens on ${scheme}://${host}:${port}/v1/stream${shared}  (GET /healthz, /readyz, /v1/pipelines)`;
}

/** Each worker listens on one of its own: a sum over them is the scraper's. @throws ERR_USAGE */
function metricsPort(first: number): number {
  const port = first === 0 ? 0 : first + workerPlace();
  if (port <= PORT_MAX) return port;
  throw usage(`--metrics-port ${first} leaves no port for worker ${workerPlace()}`, `ports up to ${PORT_MAX}`);
}
