// Bytes that a connected stream costs: resident memory, V8's heap and what lies outside it, after a forced collection, with
// 100, 1,000 and 5,000 streams that have each had messages answered. What the sockets alone take is measured in the same way
// on a server that only holds and answers them, so "beyond the sockets" is a difference of two measurements.

import { type Generator, type LabServer, type ServerKind, startGenerator, startLabServer } from './load/lab.ts';
import { checkOpenFiles } from './load/open-files.ts';
import type { MemoryReport } from './load/server-meter.ts';
import type { BenchContext, Report } from './record.ts';

/** Bytes a stream. */
interface PerStream {
  readonly resident: number;
  /** In V8's heap and outside it: what is in use, without what the allocators keep for later. */
  readonly held: number;
  readonly heap: number;
}

const LEVELS = [100, 1000, 5000];
/** Opened and closed before anything counts, so that code is compiled; few, so that they leave no room for later ones. */
const HEAT = 10;
const HEAT_ROUNDS = 20;
/** The attention twin's cache is five times larger: these are enough to see it. */
const ATTENTION_MOST = 1000;
/** From the last answer to counting: acks go out, and what was freed is given back. */
const SETTLE_MS = 500;
const KIB_64 = 65_536;

export async function benchMemory(report: Report, _context?: BenchContext, levels = LEVELS): Promise<void> {
  checkOpenFiles(Math.max(...levels));
  const sockets = await perStream({ kind: 'bare' }, 'ssm', levels);
  for (const cell of ['ssm', 'attention']) {
    const wanted = cell === 'attention' ? levels.filter((level) => level <= ATTENTION_MOST) : levels;
    const streams = await perStream({ kind: 'millrace' }, cell, wanted);
    for (const [level, stream] of streams) tell(report, `${cell}, ${level} streams`, stream, sockets.get(level)!);
  }
}

function tell(report: Report, name: string, stream: PerStream, socket: PerStream): void {
  const say = (what: string, value: number, baseline: string, beside: number): void =>
    report({
      section: 'memory',
      name: `${name}: ${what}`,
      value,
      unit: 'bytes/stream',
      baseline,
      ratio: value / beside,
    });
  say('resident', stream.resident, 'its socket alone', socket.resident);
  say('resident beyond the socket', stream.resident - socket.resident, '64 KiB', KIB_64);
  say('in use beyond the socket', stream.held - socket.held, '64 KiB', KIB_64);
  say('in use, in the heap', stream.heap, 'in use', stream.held);
}

/** By level. */
async function perStream(
  kind: ServerKind,
  cell: string,
  levels: readonly number[],
): Promise<ReadonlyMap<number, PerStream>> {
  const server = await startLabServer(kind);
  const generator = startGenerator();
  try {
    for (let round = 0; round < HEAT_ROUNDS; round++) {
      await generator.ask('hold', { port: server.port, cell, streams: HEAT });
      await generator.ask('release');
    }
    const empty = await settled(server, 0);
    const found = new Map<number, PerStream>();
    for (const level of levels) {
      const full = await held(server, generator, cell, level);
      found.set(level, {
        resident: (full.rss - empty.rss) / level,
        held: (full.heapUsed + full.external - empty.heapUsed - empty.external) / level,
        heap: (full.heapUsed - empty.heapUsed) / level,
      });
    }
    return found;
  } finally {
    await generator.stop();
    await server.stop();
  }
}

async function held(server: LabServer, generator: Generator, cell: string, level: number): Promise<MemoryReport> {
  await generator.ask('hold', { port: server.port, cell, streams: level });
  return settled(server, level);
}

/** @throws when the server has not as many streams as it should: the figure would be of something else */
async function settled(server: LabServer, streams: number): Promise<MemoryReport> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const memory = await server.memory();
  if (memory.sessions !== streams) throw new Error(`${memory.sessions} streams are there instead of ${streams}`);
  return memory;
}
