// The processes of the bench, as compiled: a server (one process, then two behind one port) and a load generator.

import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../../paths.ts';
import type {
  runLevel as RunLevel,
  startGenerator as StartGenerator,
  startLabServer as StartLabServer,
} from './lab.ts';

const { runLevel, startGenerator, startLabServer } = (await import(join(ROOT, 'dist/src/app/bench/load/lab.js'))) as {
  runLevel: typeof RunLevel;
  startGenerator: typeof StartGenerator;
  startLabServer: typeof StartLabServer;
};

const LOAD = {
  streams: 4,
  messageMs: 20,
  encoding: 'pcm_s16le',
  signal: 'speech',
  cell: 'ssm',
  warmUpSeconds: 0.2,
  seconds: 0.5,
} as const;

it.each([{ workers: 1 }, { workers: 2 }, { workers: 1, kind: 'bare' as const }])(
  'a level between two processes: %o',
  async (kind) => {
    const server = await startLabServer(kind);
    const generator = startGenerator();
    try {
      const level = await runLevel(server, generator, LOAD);
      expect(level).toMatchObject({ sent: 100, answered: 100, lost: 0, broken: 0 });
      expect(level.server.cpuShare).toBeGreaterThan(0);
      expect(level.server.rss).toBeGreaterThan(10e6 * kind.workers);
      if (kind.kind !== 'bare') expect(level.server.p99).toBeGreaterThan(0);
      await expect.poll(() => server.sessions(), { timeout: 20_000 }).toBe(0); // the last closes are still on their way
    } finally {
      await generator.stop();
      await server.stop();
    }
  },
);

it("counts a server's memory and handles, and passes errors on", async () => {
  const server = await startLabServer();
  const generator = startGenerator();
  try {
    const before = await server.memory();
    expect(await generator.ask('hold', { port: server.port, cell: 'ssm', streams: 20 })).toBeGreaterThan(10_000);
    const full = await server.memory();
    expect(full.sessions).toBe(20);
    const sockets = (handles: Readonly<Record<string, number>>) => handles.TCPSocketWrap ?? 0;
    expect(sockets(full.handles) - sockets(before.handles)).toBe(20);
    await generator.ask('release');
    await expect(generator.ask('hold', { port: 1, cell: 'ssm', streams: 1 })).rejects.toThrow(/ECONNREFUSED/);
  } finally {
    await generator.stop();
    await server.stop();
  }
  await expect(generator.ask('release')).rejects.toThrow(/has ended/);
});
