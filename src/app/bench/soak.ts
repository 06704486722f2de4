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
/** At once. */
const STREAMS = 20;
const MESSAGE_MS = 10;
const LOOKS = 60;
const LOOK_MS_MIN = 500;
/** A stream's life, on average: at 20 streams some four join and leave a second. */
const LIFE_SECONDS = 5;
/** The beginning does not count: code is compiled, pools and heap find their size. */
const SETTLING_SHARE = 0.25;
const HEAT_SECONDS = 3;

interface Look extends MemoryReport {
  readonly seconds: number;
}

/** `minutes` of the options, default 1. */
export async function benchSoak(report: Report, context?: BenchContext): Promise<void> {
  const load: Omit<LoadOptions, 'port'> = {
    streams: STREAMS,
    messageMs: MESSAGE_MS,
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
  const before = await server.memory();
  const watch = watchMemory(server, Math.max(LOOK_MS_MIN, (1000 * load.seconds) / LOOKS));
  const level = await runLevel(server, generator, load).finally(watch.stop);
  const looks = watch.looks.filter(({ seconds }) => seconds > SETTLING_SHARE * load.seconds);
  const after = await server.memory();
  const xs = looks.map(({ seconds }) => seconds / 60);
  for (const [name, of] of [
    ['resident', (look: Look) => look.rss],
    ['heap', (look: Look) => look.heapUsed],
    ['outside the heap', (look: Look) => look.external],
  ] as const) {
    const { slope, halfWidth } = fitLine(xs, looks.map(of));
    say(`${name}, growth`, slope / 1000, 'kB/min');
    say(`${name}, growth, half of its 95 % interval`, halfWidth / 1000, 'kB/min');
  }
  say('handles', total(after), 'handles', { baseline: 'before', ratio: total(after) / total(before) });
  say('streams left over', after.sessions, 'streams');
  say('streams joined', level.joined, 'streams');
  say('streams broken', level.broken, 'streams');
  say('messages answered', level.answered, 'messages', { baseline: 'sent', ratio: level.answered / level.sent });
  say('round trip p99', level.sinceDue.p99, 'ms');
  say('server loop delay p99', level.server.loopDelay.p99, 'ms');
  say('server loop delay max', level.server.loopDelay.max, 'ms');
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
