// How many live speech streams a core carries, end to end: a server and a load generator, each in a process of its own
// (load/). Levels double until answers come late, then the space between is halved. What the figures mean, and how one sees
// that the generator was not the limit: docs/benchmarks.md.

import { quantile } from '../print.ts';
import { findMost, type SearchOptions } from './load/find-most.ts';
import {
  type Generator,
  type LabServer,
  type Level,
  runLevel,
  type ServerKind,
  startGenerator,
  startLabServer,
} from './load/lab.ts';
import { connectionsMax } from './load/open-files.ts';
import type { LoadOptions } from './load/paced-load.ts';
import type { BenchContext, Report } from './record.ts';

interface Search extends SearchOptions {
  readonly keepsUpMs: number;
  readonly note: (text: string) => void;
}
type Load = Omit<LoadOptions, 'port' | 'streams'>;

/** Message lengths (ms), what p99 must stay under (ms), where a search begins and ends. */
const PLAN = { messageMs: [10, 20], keepsUpMs: 5, from: 16, most: 4096 };
const SECONDS = 5;
const WARM_UP_SECONDS = 2;
/** Two ends of a search this near are as good as equal: runs differ by as much. */
const PRECISION = 0.05;
/** Silence has to fade out of the states first: 0.9 a hop is below the smallest normal float32 after 8 s. */
const FADE_SECONDS = 9;
const TURNS = 3;
const HEAT = { streams: 16, warmUpSeconds: 0, seconds: 3, signal: 'speech' } as const;

/** `seconds` of the options: the counted part of a level, default 5. */
export async function benchStreams(report: Report, context?: BenchContext, plan = PLAN): Promise<void> {
  const seconds = context?.options.seconds ?? SECONDS;
  const { messageMs, keepsUpMs, from } = plan;
  const most = Math.min(plan.most, connectionsMax());
  const say = sayer(report);
  const generator = startGenerator();
  const note = context?.note ?? (() => undefined);
  const search: Search = { from, most, keepsUpMs, note, precision: PRECISION };
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
      const one = await withServer({}, generator, load(ms), (server) =>
        searchMost(say, `${ms} ms`, server, generator, load(ms), search),
      );
      say(`${ms} ms: streams on one core, p99 < ${keepsUpMs} ms`, one, 'streams');
      if (one === 0) continue;
      await compareBare(say, one, generator, load(ms));
      if (ms === messageMs[0]) await compareWorkers(say, one, generator, load(ms), { ...search, from: one });
    }
    const base = load(messageMs[0]!);
    const silence: Load = { ...base, signal: 'silence', warmUpSeconds: FADE_SECONDS };
    await takeTurns(say, generator, from, { speech: base, silence });
    await takeTurns(say, generator, from, { raw: base, framed: { ...base, frame: 'framed' } });
  } finally {
    await generator.stop();
  }
}

type Say = (name: string, value: number, unit: string, baseline?: string, ratio?: number) => void;

const sayer =
  (report: Report): Say =>
  (name, value, unit, baseline, ratio) =>
    report({ section: 'streams', name, value, unit, ...(baseline ? { baseline, ratio: ratio ?? Number.NaN } : {}) });

/** A fresh server that has had streams already: what is measured is compiled code. */
async function withServer<T>(
  kind: ServerKind,
  generator: Generator,
  load: Load,
  use: (server: LabServer) => Promise<T>,
): Promise<T> {
  const server = await startLabServer(kind);
  try {
    await runLevel(server, generator, { ...load, ...HEAT, streams: HEAT.streams * (kind.workers ?? 1) });
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
  search: Search,
): Promise<number> {
  const best = new Map<number, Level>();
  const kept = await findMost(async (streams) => {
    const level = await runLevel(server, generator, { ...load, streams });
    sayBriefly(say, `${name}, ${streams} streams`, level);
    const whole = level.lost === 0 && level.unsent === 0 && level.broken === 0;
    const keeps = whole && level.sinceDue.p99 < search.keepsUpMs;
    if (keeps) best.set(streams, level);
    else if (whole && level.sinceSent.p99 < search.keepsUpMs) search.note(senderWasLate(name, streams, level));
    return keeps;
  }, search);
  const level = best.get(kept);
  if (level) sayFully(say, `${name}, ${kept} streams kept`, level);
  return kept;
}

const senderWasLate = (name: string, streams: number, { late }: Level): string =>
  `${name}, ${streams} streams: failed by the sender's own lateness (p99 ${late.p99.toFixed(1)} ms) alone; has it a core?`;

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
  await withServer({ kind: 'bare' }, generator, load, async (bare) => {
    const level = await runLevel(bare, generator, { ...load, streams });
    const name = `${load.messageMs} ms, ${streams} streams, a server that only answers`;
    say(`${name}: round trip p99`, level.sinceDue.p99, 'ms');
    say(`${name}: server CPU a message`, level.server.cpuUsPerMessage, 'us');
    say(`${name}: sender CPU`, 100 * level.cpuShare, '% of a core');
    say(`${name}: sender late p99`, level.late.p99, 'ms');
  });
}

async function compareWorkers(say: Say, one: number, generator: Generator, load: Load, search: Search): Promise<void> {
  const name = `${load.messageMs} ms, 2 workers`;
  const two = await withServer({ workers: 2 }, generator, load, (server) =>
    searchMost(say, name, server, generator, load, search),
  );
  say(`${name}: streams, p99 < ${search.keepsUpMs} ms`, two, 'streams', '1 worker', two / one);
}

/** Two loads in turns at one level: what a message of each costs the server. */
async function takeTurns(
  say: Say,
  generator: Generator,
  streams: number,
  loads: Readonly<Record<string, Load>>,
): Promise<void> {
  const costs = new Map(Object.keys(loads).map((name) => [name, [] as number[]]));
  await withServer({}, generator, Object.values(loads)[0]!, async (server) => {
    for (let turn = 0; turn < TURNS; turn++) {
      for (const [name, load] of Object.entries(loads)) {
        const level = await runLevel(server, generator, { ...load, streams });
        costs.get(name)!.push(level.server.cpuUsPerMessage);
      }
    }
  });
  const [[first, firsts], [second, seconds]] = [...costs] as [[string, number[]], [string, number[]]];
  const ratios = seconds.map((cost, turn) => cost / firsts[turn]!);
  const name = `${loads[first]!.messageMs} ms, ${streams} streams: server CPU a message`;
  say(`${name}, ${first}`, quantile(firsts, 0.5), 'us');
  say(`${name}, ${second}`, quantile(seconds, 0.5), 'us', first, quantile(ratios, 0.5));
}
