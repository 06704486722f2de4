// Bytes that a connected stream costs: resident memory and V8's heap after a forced collection, and the state it declares,
// with 100, 1,000 and 5,000 streams that have each had messages answered. What the sockets alone take is measured in the same way
// on a server that only holds and answers them, so "beyond the sockets" is a difference of two measurements.

import { type LabServer, type ServerKind, startGenerator, startLabServer } from './load/lab.ts';
import { checkOpenFiles } from './load/open-files.ts';
import type { MemoryReport } from './load/server-meter.ts';
import type { BenchContext, Report } from './record.ts';

/** Bytes a stream. */
interface PerStream {
  readonly resident: number;
  readonly heap: number;
  /** Declared: it lies in the kernel memory, which is reserved as a whole and becomes resident as it is written to. */
  readonly state: number;
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
  const beyond = stream.resident - socket.resident;
  say('resident', stream.resident, '64 KiB', KIB_64);
  say('resident, a socket alone', socket.resident, 'resident', stream.resident);
  say('resident beyond the socket', beyond, '64 KiB', KIB_64);
  say('heap beyond the socket', stream.heap - socket.heap, 'resident beyond the socket', beyond);
  say('declared state', stream.state, 'resident beyond the socket', beyond);
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
      const state = await generator.ask<number>('hold', { port: server.port, cell, streams: level });
      const full = await settled(server, level);
      found.set(level, {
        resident: (full.rss - empty.rss) / level,
        heap: (full.heapUsed - empty.heapUsed) / level,
        state,
      });
    }
    return found;
  } finally {
    await generator.stop();
    await server.stop();
  }
}

/** @throws when the server has not as many streams as it should: the figure would be of something else */
async function settled(server: LabServer, streams: number): Promise<MemoryReport> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const memory = await server.memory();
  if (memory.sessions !== streams) throw new Error(`${memory.sessions} streams are there instead of ${streams}`);
  return memory;
}
