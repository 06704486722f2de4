// How many live speech streams a core carries, end to end: a server and a load generator, each in a process of its own
// (load/). Levels double until answers come late, then the space between is halved. What the figures mean, and how one sees
// that the generator was not the limit: docs/benchmarks.md.

import { findMost } from './load/find-most.ts';
import { type Generator, type LabServer, type Level, runLevel, startGenerator, startLabServer } from './load/lab.ts';
import { checkOpenFiles } from './load/open-files.ts';
import type { LoadOptions } from './load/paced-load.ts';
import type { BenchContext, Report } from './record.ts';

type Load = Omit<LoadOptions, 'port' | 'streams'>;

/** What is searched for: message lengths (ms), and where a search begins and ends. */
const PLAN = { messageMs: [10, 20], from: 16, most: 4096 };
const KEEPS_UP_MS = 5;
const SECONDS = 5;
const WARM_UP_SECONDS = 2;
/** Two ends of a search this near are as good as equal: runs differ by as much. */
const PRECISION = 0.05;
/** Silence has to fade out of the states first: 0.9 a hop is below the smallest normal float32 after 8 s. */
const FADE_SECONDS = 9;
const SILENCE_ROUNDS = 3;

/** `seconds` of the options: the counted part of a level, default 5. */
export async function benchStreams(report: Report, context?: BenchContext, plan = PLAN): Promise<void> {
  const seconds = context?.options.seconds ?? SECONDS;
  const { messageMs, from, most } = plan;
  checkOpenFiles(most);
  const say = sayer(report);
  const generator = startGenerator();
  const search = { from, most, precision: PRECISION };
  try {
    const load = (ms: number): Load => ({
      messageMs: ms,
      encoding: 'pcm_s16le',
      signal: 'speech',
      cell: 'ssm',
      warmUpSeconds: WARM_UP_SECONDS,
      seconds,
    });
    for (const ms of messageMs) {
      const one = await withServer(1, (server) => searchMost(say, `${ms} ms`, server, generator, load(ms), search));
      say(`${ms} ms: streams on one core, p99 < ${KEEPS_UP_MS} ms`, one, 'streams');
      if (one === 0) continue;
      await compareBare(say, one, generator, load(ms));
      if (ms === messageMs[0]) await compareWorkers(say, one, generator, load(ms), { ...search, from: one });
    }
    await withServer(1, (server) => compareSilence(say, server, generator, load(messageMs[0]!), from));
  } finally {
    await generator.stop();
  }
}

type Say = (name: string, value: number, unit: string, baseline?: string, ratio?: number) => void;

const sayer =
  (report: Report): Say =>
  (name, value, unit, baseline, ratio) =>
    report({ section: 'streams', name, value, unit, ...(baseline ? { baseline, ratio: ratio ?? Number.NaN } : {}) });

async function withServer<T>(workers: number, use: (server: LabServer) => Promise<T>): Promise<T> {
  const server = await startLabServer({ workers });
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}

/** The largest level with p99 under the limit and every message answered; tells of it, and briefly of the others. */
async function searchMost(
  say: Say,
  name: string,
  server: LabServer,
  generator: Generator,
  load: Load,
  search: { readonly from: number; readonly most: number; readonly precision: number },
): Promise<number> {
  const best = new Map<number, Level>();
  const kept = await findMost(async (streams) => {
    const level = await runLevel(server, generator, { ...load, streams });
    sayBriefly(say, `${name}, ${streams} streams`, level);
    const keeps = level.sinceDue.p99 < KEEPS_UP_MS && level.lost === 0 && level.unsent === 0 && level.broken === 0;
    if (keeps) best.set(streams, level);
    return keeps;
  }, search);
  const level = best.get(kept);
  if (level) sayFully(say, `${name}, ${kept} streams kept`, level);
  return kept;
}

function sayBriefly(say: Say, name: string, { sinceDue, server, cpuShare }: Level): void {
  say(`${name}: round trip p99`, sinceDue.p99, 'ms');
  say(`${name}: server CPU`, 100 * server.cpuShare, '% of a core');
  say(`${name}: sender CPU`, 100 * cpuShare, '% of a core');
}

function sayFully(say: Say, name: string, level: Level): void {
  const { sinceDue, sinceSent, late, server } = level;
  say(`${name}: round trip p50`, sinceDue.p50, 'ms');
  say(`${name}: round trip p99`, sinceDue.p99, 'ms');
  say(`${name}: round trip p99.9`, sinceDue.p999, 'ms');
  say(`${name}: round trip max`, sinceDue.max, 'ms');
  say(`${name}: server side p50`, server.p50, 'ms');
  say(`${name}: server side p99`, server.p99, 'ms');
  say(`${name}: server loop delay p99`, server.loopDelay.p99, 'ms');
  say(`${name}: server loop delay max`, server.loopDelay.max, 'ms');
  say(`${name}: server CPU a message`, server.cpuUsPerMessage, 'us');
  say(`${name}: server memory`, server.rss / 1e6, 'MB RSS');
  say(`${name}: messages answered`, level.answered, 'messages', 'sent', level.answered / level.sent);
  say(
    `${name}: sender CPU a message`,
    level.cpuUsPerMessage,
    'us',
    'server',
    level.cpuUsPerMessage / server.cpuUsPerMessage,
  );
  say(`${name}: sender late p50`, late.p50, 'ms');
  say(`${name}: sender late p99`, late.p99, 'ms', 'round trip p99', late.p99 / sinceDue.p99);
  say(`${name}: sender late max`, late.max, 'ms');
  say(
    `${name}: round trip p99 without the sender's lateness`,
    sinceSent.p99,
    'ms',
    'with it',
    sinceSent.p99 / sinceDue.p99,
  );
}

/** The same load on a server that only answers: what sockets and sender take, and that the sender can do it. */
async function compareBare(say: Say, streams: number, generator: Generator, load: Load): Promise<void> {
  const bare = await startLabServer({ kind: 'bare' });
  try {
    const level = await runLevel(bare, generator, { ...load, streams });
    const name = `${load.messageMs} ms, ${streams} streams, a server that only answers`;
    say(`${name}: round trip p99`, level.sinceDue.p99, 'ms');
    say(`${name}: server CPU a message`, level.server.cpuUsPerMessage, 'us');
    say(`${name}: sender CPU`, 100 * level.cpuShare, '% of a core');
    say(`${name}: sender late p99`, level.late.p99, 'ms');
  } finally {
    await bare.stop();
  }
}

async function compareWorkers(
  say: Say,
  one: number,
  generator: Generator,
  load: Load,
  search: { readonly from: number; readonly most: number; readonly precision: number },
): Promise<void> {
  const name = `${load.messageMs} ms, 2 workers`;
  const two = await withServer(2, (server) => searchMost(say, name, server, generator, load, search));
  say(`${name}: streams, p99 < ${KEEPS_UP_MS} ms`, two, 'streams', '1 worker', two / one);
}

/** Speech and digital silence in turns at one level: subnormal states would show as CPU. */
async function compareSilence(
  say: Say,
  server: LabServer,
  generator: Generator,
  load: Load,
  streams: number,
): Promise<void> {
  const cost = { speech: [] as number[], silence: [] as number[] };
  for (let round = 0; round < SILENCE_ROUNDS; round++) {
    for (const signal of ['speech', 'silence'] as const) {
      const warmUpSeconds = signal === 'silence' ? FADE_SECONDS : WARM_UP_SECONDS;
      const level = await runLevel(server, generator, { ...load, streams, signal, warmUpSeconds });
      cost[signal].push(level.server.cpuUsPerMessage);
    }
  }
  const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;
  const [speech, silence] = [median(cost.speech), median(cost.silence)];
  say(`${load.messageMs} ms, ${streams} streams: server CPU a message, speech`, speech, 'us');
  say(
    `${load.messageMs} ms, ${streams} streams: server CPU a message, silence`,
    silence,
    'us',
    'speech',
    silence / speech,
  );
}
