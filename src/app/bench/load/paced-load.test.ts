// The generator against a real server in this process: counts only, since how fast a busy machine is says nothing here.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../../commands/serve.ts';
import { startBareServer } from './bare-server.ts';
import { holdStreams } from './hold-streams.ts';
import { type LoadOptions, pacedLoad } from './paced-load.ts';

let server: RunningServer;
const seen: number[] = [];

beforeAll(async () => {
  const limits = { sessionsMax: 6 };
  server = await startServer({ host: '127.0.0.1', port: 0, warm: [], limits, observe: (us) => seen.push(us) });
});
afterAll(() => server.close());

const load = (more: Partial<LoadOptions>): LoadOptions => ({
  port: server.port,
  streams: 3,
  messageMs: 20,
  encoding: 'pcm_s16le',
  signal: 'speech',
  cell: 'ssm',
  warmUpSeconds: 0.1,
  seconds: 0.4,
  ...more,
});
const gone = async (): Promise<void> => {
  while (server.sessions() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
};

it.each(['pcm_s16le', 'f32le'] as const)(
  'has every %s message answered, and leaves nothing behind',
  async (encoding) => {
    seen.length = 0;
    const windows: boolean[] = [];
    const report = await pacedLoad(load({ encoding }), (open) => windows.push(open));
    expect(report).toMatchObject({ sent: 60, answered: 60, lost: 0, unsent: 0, joined: 3, broken: 0 });
    expect(windows).toEqual([true, false]);
    expect(seen.length).toBe(2 * (60 + 15)); // two hops a message; the warm-up is served too
    const { sinceDue, sinceSent, late } = report;
    for (const q of ['p50', 'p99', 'max'] as const) {
      expect(sinceDue[q]).toBeGreaterThanOrEqual(sinceSent[q]);
      expect(late[q]).toBeGreaterThanOrEqual(0);
    }
    expect(sinceSent.p50).toBeGreaterThan(0);
    expect(report.cpuUsPerMessage).toBeGreaterThan(0);
    await gone();
  },
);

it('sends messages shorter than a hop, and silence, and has those answered too', async () => {
  const report = await pacedLoad(load({ messageMs: 5, signal: 'silence', streams: 2 }), () => undefined);
  expect(report).toMatchObject({ sent: 160, answered: 160, lost: 0, broken: 0 });
  await gone();
});

it('replaces streams that leave, and loses no answer over it', async () => {
  const report = await pacedLoad(load({ lifeSeconds: 0.1, seconds: 1 }), () => undefined);
  expect(report.joined).toBeGreaterThan(6);
  expect(report).toMatchObject({ lost: 0, broken: 0 });
  expect(report.sent + report.unsent).toBe(150);
  await gone();
});

it('has every framed message answered, each at its own offset', async () => {
  const bare = await startBareServer('127.0.0.1');
  for (const port of [bare.port, server.port]) {
    const report = await pacedLoad(load({ port, frame: 'framed' }), () => undefined);
    expect(report).toMatchObject({ sent: 60, answered: 60, lost: 0, broken: 0 });
  }
  await bare.close();
  await gone();
});

it('says what the server said when it refuses a stream', async () => {
  await expect(pacedLoad(load({ streams: 7 }), () => undefined)).rejects.toThrow(/ERR_SESSION_LIMIT/);
});

it('holds streams open, more on demand, and lets them go', async () => {
  await gone();
  const held = await holdStreams({ port: server.port, cell: 'attention' });
  await held.grow(2);
  expect(server.sessions()).toBe(2);
  expect(held.stateBytes).toBeGreaterThan(50_000);
  await held.grow(5);
  expect(server.sessions()).toBe(5);
  await held.release();
  await gone();
});
