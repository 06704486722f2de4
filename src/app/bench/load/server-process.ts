// The served side of a load, in a process of its own: argv = workers, kind. Answers its parent about itself; with several
// workers the first process only hands connections out, and adds up what the others say.

import cluster, { type Worker } from 'node:cluster';
import { startServer } from '../../commands/serve.ts';
import { limitsFromEnvironment } from '../../config.ts';
import { isWorker, startWorkers } from '../../workers.ts';
import { answerParent, askVia, type Peer } from './ask.ts';
import { startBareServer } from './bare-server.ts';
import { createHistogram } from './histogram.ts';
import { createServerMeter, type ServerReport } from './server-meter.ts';

const HOST = '127.0.0.1';
/** More than any level asks for: the bound that is measured is the machine's. */
const SESSIONS_MAX = 100_000;

const workers = Number(process.argv[2]);
const kind = process.argv[3];

async function serve(): Promise<number> {
  const observe = (us: number): void => meter.observe(us);
  const room = { sessionsMax: SESSIONS_MAX, streamsPerAddressMax: SESSIONS_MAX, handshakesPerMinuteMax: 1e9 };
  const limits = { ...limitsFromEnvironment(process.env), ...room };
  const server =
    kind === 'bare'
      ? await startBareServer(HOST)
      : await startServer({ host: HOST, port: 0, warm: [], limits, observe });
  const meter = createServerMeter(server.sessions);
  process.once('SIGTERM', () => process.exit(0));
  answerParent({
    port: () => server.port,
    open: () => meter.open(),
    read: () => meter.read(),
    memory: () => meter.memory(),
    sessions: () => server.sessions(),
  });
  return server.port;
}

async function lead(): Promise<void> {
  const port = await startWorkers(workers);
  const all = Object.values(cluster.workers!).map((worker) => askVia(worker as Worker & Peer, 'a worker'));
  const own = createServerMeter(() => 0);
  const each = <T>(what: string): Promise<T[]> => Promise.all(all.map(({ ask }) => ask<T>(what)));
  answerParent({
    port: () => port,
    async open() {
      own.open();
      await each('open');
    },
    read: async () => sum([own.read(), ...(await each<ServerReport>('read'))]),
    sessions: async () => (await each<number>('sessions')).reduce((total, sessions) => total + sessions, 0),
  });
}

/** CPU and memory add up; delays are the worst of all. */
function sum(reports: readonly ServerReport[]): ServerReport {
  const latency = createHistogram();
  for (const report of reports) latency.add(report.latency);
  const total = (of: (report: ServerReport) => number): number => reports.reduce((all, report) => all + of(report), 0);
  const worst = (of: (report: ServerReport) => number): number => Math.max(...reports.map(of));
  return {
    cpuSeconds: total(({ cpuSeconds }) => cpuSeconds),
    elapsedSeconds: worst(({ elapsedSeconds }) => elapsedSeconds),
    rss: total(({ rss }) => rss),
    loopDelay: {
      p50: worst(({ loopDelay }) => loopDelay.p50),
      p99: worst(({ loopDelay }) => loopDelay.p99),
      max: worst(({ loopDelay }) => loopDelay.max),
    },
    latency: latency.plain(),
  };
}

if (workers > 1 && !isWorker()) await lead();
else await serve();
