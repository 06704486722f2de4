// One live stream through the server: a client in another process sends the bundled recording as a microphone would,
// 10 ms a message. Counted here is the server's side: from a chunk's arrival to the socket taking its result.

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startServer } from '../commands/serve.ts';
import { quantile } from '../print.ts';
import type { Report } from './record.ts';

export async function benchServer(report: Report): Promise<void> {
  for (const cell of ['ssm', 'attention']) {
    const latencies: number[] = [];
    const server = await startServer({ host: '127.0.0.1', port: 0, observe: (us) => latencies.push(us) });
    const child = fork(fileURLToPath(new URL('./paced-client.js', import.meta.url)), [String(server.port), cell]);
    const code = await new Promise((resolve) => child.once('exit', resolve));
    await server.close();
    if (code !== 0) throw new Error(`the client process ended with ${code}`);
    for (const [name, q] of [
      ['p50', 0.5],
      ['p99', 0.99],
      ['p99.9', 0.999],
    ] as const) {
      report({
        section: 'server',
        name: `vad ${cell}, one stream, ${name}`,
        value: quantile(latencies, q),
        unit: 'us',
      });
    }
  }
}
