// The bench's own side: starts a server and a load generator, each in its own process, runs loads between them and stops
// them. What this process does meanwhile is wait.

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Asking, askVia, type Peer } from './ask.ts';
import { createHistogram } from './histogram.ts';
import type { LoadOptions, LoadReport } from './paced-load.ts';
import type { MemoryReport, ServerReport } from './server-meter.ts';

export interface LabServer {
  readonly port: number;
  /** Not with several workers. */
  memory(): Promise<MemoryReport>;
  sessions(): Promise<number>;
  open(): Promise<void>;
  read(): Promise<ServerReport>;
  stop(): Promise<void>;
}

export interface ServerKind {
  /** bare: sockets and answers, no pipeline. */
  readonly kind?: 'millrace' | 'bare';
  readonly workers?: number;
}

export async function startLabServer({ kind = 'millrace', workers = 1 }: ServerKind = {}): Promise<LabServer> {
  const { child, ask } = start('./server-process.js', [`${workers}`, kind], ['--expose-gc']);
  return {
    port: await ask<number>('port'),
    memory: () => ask('memory'),
    sessions: () => ask('sessions'),
    open: () => ask('open'),
    read: () => ask('read'),
    stop: () => stopped(child),
  };
}

export interface Generator extends Asking {
  stop(): Promise<void>;
}

export function startGenerator(): Generator {
  const { child, ask, onTold } = start('../load-generator.js', [], []);
  return { ask, onTold, stop: () => stopped(child) };
}

/** Both sides of one level. Times in ms. */
export interface Level extends LoadReport {
  readonly server: {
    /** Cores' worth, over all its processes. */
    readonly cpuShare: number;
    readonly cpuUsPerMessage: number;
    readonly rss: number;
    readonly loopDelay: ServerReport['loopDelay'];
    readonly p50: number;
    readonly p99: number;
    readonly p999: number;
  };
}

export async function runLevel(
  server: LabServer,
  generator: Generator,
  options: Omit<LoadOptions, 'port'>,
): Promise<Level> {
  let read: Promise<ServerReport> | undefined;
  generator.onTold('window', (open) => {
    if (open) void server.open();
    else read = server.read();
  });
  const load = await generator.ask<LoadReport>('load', { ...options, port: server.port });
  const { cpuSeconds, elapsedSeconds, rss, loopDelay, latency } = await read!;
  const histogram = createHistogram();
  histogram.add(latency);
  return {
    ...load,
    server: {
      cpuShare: cpuSeconds / elapsedSeconds,
      cpuUsPerMessage: (1e6 * cpuSeconds) / load.sent,
      rss,
      loopDelay,
      p50: histogram.quantile(0.5) / 1000,
      p99: histogram.quantile(0.99) / 1000,
      p999: histogram.quantile(0.999) / 1000,
    },
  };
}

function start(script: string, args: readonly string[], execArgv: string[]): Asking & { child: ChildProcess } {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), args, { execArgv });
  return { child, ...askVia(child as ChildProcess & Peer, script.replace(/^.*\/|\.js$/g, '')) };
}

function stopped(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
