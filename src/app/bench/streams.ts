// How many live speech streams one core carries, end to end: this process serves, another one sends (load-generator.ts).
// Each level doubles the streams until answers come late; the last level that kept up is the figure.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startServer } from '../commands/serve.ts';
import { quantile } from '../print.ts';
import type { Report } from './record.ts';

const LEVELS = [1, 10, 25, 50, 100, 200, 400];
const SECONDS = 5;
/** Two hops: an answer later than that is no longer live. */
const KEEPS_UP_MS = 20;

interface Load {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly answered: number;
  readonly cpuShare: number;
  readonly timersLateP99: number;
}

export async function benchStreams(report: Report): Promise<void> {
  let kept = 0;
  for (const streams of LEVELS) {
    const latencies: number[] = [];
    const server = await startServer({ host: '127.0.0.1', port: 0, observe: (us) => latencies.push(us) });
    const cpu = process.cpuUsage();
    const began = performance.now();
    const load = await generate(server.port, streams);
    const { user, system } = process.cpuUsage(cpu);
    const share = (user + system) / 1000 / (performance.now() - began);
    await server.close();
    const say = (name: string, value: number, unit: string): void =>
      report({ section: 'streams', name: `${streams} streams, ${name}`, value, unit });
    say('round trip p50', load.p50, 'ms');
    say('round trip p99', load.p99, 'ms');
    say('round trip p99.9', load.p999, 'ms');
    say('server side p99', quantile(latencies, 0.99) / 1000, 'ms');
    say('server CPU', 100 * share, '% of a core');
    say('sender CPU', 100 * load.cpuShare, '% of a core');
    say('sender timers late p99', load.timersLateP99, 'ms');
    say('memory', process.memoryUsage().rss / 1e6, 'MB RSS');
    if (load.p99 > KEEPS_UP_MS) break;
    kept = streams;
  }
  report({
    section: 'streams',
    name: `streams on one core, p99 under ${KEEPS_UP_MS} ms`,
    value: kept,
    unit: 'streams',
  });
}

async function generate(port: number, streams: number): Promise<Load> {
  const script = fileURLToPath(new URL('./load-generator.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, `${port}`, `${streams}`, `${SECONDS}`]);
  return JSON.parse(stdout) as Load;
}
