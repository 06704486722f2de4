// A soak: one server process, clients in another, and a look at the server every so often through its metrics listener.
// Answers what a long life does to it: memory per hour, handles before and after, every stream's end.

import { fork } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fitLine } from '../../src/app/bench/load/least-squares.ts';
import { ROOT } from '../arch/imports.ts';
import { DIST, startServer } from './processes.ts';

export interface SoakPlan {
  readonly seconds: number;
  readonly streams: number;
  /** A stream's life on average: from half to one and a half of it. */
  readonly lifeSeconds: number;
  readonly seed: number;
  readonly lookMs: number;
}

/** What the metrics said at one moment, by name; with labels as they stand in the text. */
export type Look = ReadonlyMap<string, number>;

export interface ClientsReport {
  readonly joined: number;
  readonly ended: number;
  readonly abandoned: number;
  readonly cuts: number;
  readonly returns: number;
  readonly results: number;
  /** By what was wrong: a stream that ended otherwise than it should, a number that does not follow, another digest. */
  readonly errors: Readonly<Record<string, number>>;
  /** Of those who asked wrongly, by the code that they had to get. */
  readonly refusals: Readonly<Record<string, number>>;
}

export interface SoakReport {
  readonly clients: ClientsReport;
  /** Open files, sockets, timers and the like: by kind, when no stream is open. */
  readonly before: Readonly<Record<string, number>>;
  readonly after: Readonly<Record<string, number>>;
  /** Kinds of which there are more after than before, and streams that are still open. */
  readonly grown: readonly string[];
  /** MB an hour over the second half, with half of the 95 % interval. */
  readonly slopes: Readonly<Record<string, { readonly perHour: number; readonly halfWidth: number }>>;
  /** By error code; '' is none. */
  readonly closed: Readonly<Record<string, number>>;
}

const HEAT = { streams: 5, seconds: 2, lifeSeconds: 1 };
/** A closed stream's last write may still be on its way to the disk, its socket in the kernel's hands. */
const SETTLE_MS_MAX = 60_000;
const SIZES = { RSS: 'process_resident_memory_bytes', heap: 'nodejs_heap_size_used_bytes' } as const;
const HANDLES = /^(process_open_fds|nodejs_active_resources\{.*|millrace_connections|millrace_streams\{.*)$/;

/** @param say told of each look */
export async function soak(plan: SoakPlan, folder: string, say: (line: object) => void): Promise<SoakReport> {
  const metricsPort = await freePort();
  const states = join(folder, 'states');
  mkdirSync(states);
  const server = await startServer(states, {
    args: ['--metrics-port', `${metricsPort}`, '--warm', 'none'],
    // A state that nobody comes back for is swept within the soak.
    env: { MILLRACE_RESUME_MS_MAX: `${Math.ceil(2000 * plan.lifeSeconds + 5000)}` },
  });
  const look = (): Promise<Look> => readMetrics(metricsPort);
  try {
    await clients({ ...plan, ...HEAT }, server.port).over;
    const before = await settled(look, undefined);
    const looks: { readonly hours: number; readonly look: Look }[] = [];
    const began = performance.now();
    const running = clients(plan, server.port);
    const timer = setInterval(() => {
      const hours = (performance.now() - began) / 3_600_000;
      look().then((at) => {
        looks.push({ hours, look: at });
        say({ minutes: 60 * hours, ...shown(at) });
      }, say);
    }, plan.lookMs);
    const report = await running.over.finally(() => clearInterval(timer));
    const after = await settled(look, before);
    const half = looks.filter(({ hours }) => hours > plan.seconds / 7200);
    return {
      clients: report,
      before,
      after,
      grown: grownKinds(before, after),
      slopes: Object.fromEntries(
        Object.entries(SIZES).map(([name, metric]) => {
          const line = fitLine(
            half.map(({ hours }) => hours),
            half.map(({ look: at }) => (at.get(metric) ?? Number.NaN) / 1e6),
          );
          return [name, { perHour: line.slope, halfWidth: line.halfWidth }];
        }),
      ),
      closed: labelled(await look(), 'millrace_connections_closed_total', 'code'),
    };
  } finally {
    await server.kill();
  }
}

function clients(plan: Omit<SoakPlan, 'lookMs'>, port: number): { readonly over: Promise<ClientsReport> } {
  const task = {
    ...plan,
    dist: DIST,
    url: `ws://127.0.0.1:${port}/v1/stream`,
    recording: join(ROOT, 'assets/speech-in-noise.wav'),
  };
  const child = fork(join(ROOT, 'test/sim/soak-client.mjs'), [JSON.stringify(task)], { execArgv: [] });
  const over = new Promise<ClientsReport>((resolve, reject) => {
    child.once('message', (message) => resolve(message as ClientsReport));
    child.once('exit', (code) => reject(new Error(`the clients' process ended with ${code} before its report`)));
  });
  return { over };
}

/** Handles when nothing is open: at once for the first time, later as soon as there are no more than `wanted`. */
async function settled(look: () => Promise<Look>, wanted: Readonly<Record<string, number>> | undefined) {
  const deadline = performance.now() + SETTLE_MS_MAX;
  for (;;) {
    const at = await look();
    const handles = Object.fromEntries([...at].filter(([name]) => HANDLES.test(name)));
    const quiet = wanted ? grownKinds(wanted, handles).length === 0 : at.get('millrace_connections') === 0;
    if (quiet || performance.now() > deadline) return handles;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function grownKinds(before: Readonly<Record<string, number>>, after: Readonly<Record<string, number>>): string[] {
  return Object.keys(after).filter((name) => after[name]! > (before[name] ?? 0));
}

function shown(look: Look): object {
  const ms = (name: string): number =>
    Math.round(10_000 * (look.get(`nodejs_eventloop_lag_${name}_seconds`) ?? 0)) / 10;
  const mb = (name: string): number => Math.round((look.get(name) ?? 0) / 1e5) / 10;
  return {
    rssMb: mb(SIZES.RSS),
    heapMb: mb(SIZES.heap),
    fds: look.get('process_open_fds'),
    connections: look.get('millrace_connections'),
    loopMs: { mean: ms('mean'), p99: ms('p99'), max: ms('max') },
    cpuSeconds: Math.round(look.get('process_cpu_seconds_total') ?? 0),
  };
}

function labelled(look: Look, name: string, label: string): Record<string, number> {
  const start = `${name}{${label}="`;
  return Object.fromEntries(
    [...look]
      .filter(([key, value]) => key.startsWith(start) && value > 0)
      .map(([key, value]) => [key.slice(start.length, -2), value]),
  );
}

/** Each time over a connection of its own, so that it counts the same in every look. */
async function readMetrics(port: number): Promise<Look> {
  const text = await new Promise<string>((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/metrics', agent: false }, (response) => {
      let all = '';
      response.setEncoding('utf8').on('data', (piece) => {
        all += piece;
      });
      response.on('end', () => resolve(all));
    }).on('error', reject);
  });
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
