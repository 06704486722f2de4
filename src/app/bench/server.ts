// One live stream through the server: the bundled recording as a microphone would send it, 10 ms a message, from another
// process. Counted are the server's side (from a chunk's arrival to the socket taking its result) and the round trip.

import { runLevel, startGenerator, startLabServer } from './load/lab.ts';
import type { Report } from './record.ts';

const SECONDS = 12;
const WARM_UP_SECONDS = 2;

export async function benchServer(report: Report): Promise<void> {
  for (const cell of ['ssm', 'attention']) {
    const server = await startLabServer();
    const generator = startGenerator();
    const say = (name: string, ms: number): void =>
      report({ section: 'server', name: `vad ${cell}, one stream, ${name}`, value: 1000 * ms, unit: 'us' });
    try {
      const level = await runLevel(server, generator, {
        streams: 1,
        messageMs: 10,
        encoding: 'pcm_s16le',
        signal: 'speech',
        cell,
        warmUpSeconds: WARM_UP_SECONDS,
        seconds: SECONDS,
      });
      say('p50', level.server.p50);
      say('p99', level.server.p99);
      say('p99.9', level.server.p999);
      say('round trip p50', level.sinceSent.p50);
      say('round trip p99', level.sinceSent.p99);
    } finally {
      await generator.stop();
      await server.stop();
    }
  }
}
