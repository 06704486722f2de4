// Does anything grow? Streams join, send, leave and are replaced for a set time, while the server's memory is looked at (after
// a collection) at even intervals. A line through the looks gives the slope with its uncertainty; handles are counted before
// the first stream and after the last.

import { performance } from 'node:perf_hooks';
import { type Generator, type LabServer, runLevel, startGenerator, startLabServer } from './load/lab.ts';
import { fitLine } from './load/least-squares.ts';
import type { LoadOptions } from './load/paced-load.ts';
import type { MemoryReport } from './load/server-meter.ts';
import type { BenchContext, BenchRecord, Report } from './record.ts';

const MINUTES = 1;
/** Streams at once, and their messages. */
const PLAN = { streams: 20, messageMs: 10 };
const LOOKS = 60;
const LOOK_MS_MIN = 500;
/** A stream's life, on average: at 20 streams some four join and leave a second. */
const LIFE_SECONDS = 5;
/** The beginning does not count: code is compiled, pools and heap find their size. */
const SETTLING_SHARE = 0.25;
const HEAT_SECONDS = 3;
const SETTLE_MS = 1000;

const WHAT: readonly (readonly [name: string, of: (memory: MemoryReport) => number])[] = [
  ['resident', ({ rss }) => rss],
  ['heap', ({ heapUsed }) => heapUsed],
  ['outside the heap', ({ external }) => external],
];

interface Look extends MemoryReport {
  readonly seconds: number;
}

/** `minutes` of the options, default 1. */
export async function benchSoak(report: Report, context?: BenchContext, plan = PLAN): Promise<void> {
  const load: Omit<LoadOptions, 'port'> = {
    ...plan,
    encoding: 'pcm_s16le',
    signal: 'speech',
    cell: 'ssm',
    warmUpSeconds: 1,
    seconds: 60 * (context?.options.minutes ?? MINUTES),
    lifeSeconds: LIFE_SECONDS,
  };
  const server = await startLabServer();
  const generator = startGenerator();
  try {
    await runLevel(server, generator, { ...load, seconds: HEAT_SECONDS });
    await soak(report, server, generator, load);
  } finally {
    await generator.stop();
    await server.stop();
  }
}

async function soak(
  report: Report,
  server: LabServer,
  generator: Generator,
  load: Omit<LoadOptions, 'port'>,
): Promise<void> {
  const say = (name: string, value: number, unit: string, more: Partial<BenchRecord> = {}): void =>
    report({ section: 'soak', name, value, unit, ...more });
  const before = await settled(server);
  const watch = watchMemory(server, Math.max(LOOK_MS_MIN, (1000 * load.seconds) / LOOKS));
  const level = await runLevel(server, generator, load).finally(watch.stop);
  const looks = watch.looks.filter(({ seconds }) => seconds > SETTLING_SHARE * load.seconds);
  const after = await settled(server);
  const xs = looks.map(({ seconds }) => seconds / 60);
  for (const [name, of] of WHAT) {
    const { slope, halfWidth } = fitLine(xs, looks.map(of));
    say(`${name}, growth`, slope / 1000, 'kB/min');
    say(`${name}, growth, half of its 95 % interval`, halfWidth / 1000, 'kB/min');
  }
  for (const [name, of] of WHAT) {
    say(`${name}, after the last stream`, of(after) / 1e6, 'MB', {
      baseline: 'before the first',
      ratio: of(after) / of(before),
    });
  }
  say('handles, after the last stream', total(after), 'handles', {
    baseline: 'before the first',
    ratio: total(after) / total(before),
  });
  say('streams left over', after.sessions, 'streams');
  say('streams joined', level.joined, 'streams');
  say('streams broken', level.broken, 'streams');
  say('messages answered', level.answered, 'messages', { baseline: 'sent', ratio: level.answered / level.sent });
  say('round trip p99', level.sinceDue.p99, 'ms');
  say('server loop delay p99', level.server.loopDelay.p99, 'ms');
  say('server loop delay max', level.server.loopDelay.max, 'ms');
}

/** When the last streams' sockets are really gone. */
async function settled(server: LabServer): Promise<MemoryReport> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return server.memory();
}

const total = ({ handles }: MemoryReport): number => Object.values(handles).reduce((sum, count) => sum + count, 0);

function watchMemory(server: LabServer, everyMs: number): { readonly looks: readonly Look[]; stop(): void } {
  const looks: Look[] = [];
  const began = performance.now();
  const timer = setInterval(() => {
    const seconds = (performance.now() - began) / 1000;
    server.memory().then(
      (memory) => looks.push({ ...memory, seconds }),
      () => clearInterval(timer), // it has ended: the load says why
    );
  }, everyMs);
  return { looks, stop: () => clearInterval(timer) };
}
