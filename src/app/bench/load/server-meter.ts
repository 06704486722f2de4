// What a server process says of itself: CPU, memory, delay of its event loop, latency as the bridge sees it. A window is
// opened and read; between the two the meter costs a histogram entry a result and a timer every 10 ms.

import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { createHistogram, type PlainHistogram } from './histogram.ts';

export interface ServerReport {
  readonly cpuSeconds: number;
  readonly elapsedSeconds: number;
  readonly rss: number;
  /** How late a timer of this process ran, ms. */
  readonly loopDelay: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Microseconds from chunk in to result with the socket. */
  readonly latency: PlainHistogram;
}

export interface MemoryReport {
  readonly rss: number;
  readonly heapUsed: number;
  /** Outside V8's heap: array buffers and WebAssembly memories among it. */
  readonly external: number;
  /** Sockets, timers and the like that keep the event loop going, by kind. */
  readonly handles: Readonly<Record<string, number>>;
  readonly sessions: number;
}

const LOOP_MS = 10;

export interface ServerMeter {
  observe(us: number): void;
  open(): void;
  read(): ServerReport;
  /** After two forced collections with a turn of the event loop between: what was closed just now is really gone. */
  memory(): Promise<MemoryReport>;
}

export function createServerMeter(sessions: () => number): ServerMeter {
  const latency = createHistogram();
  const loop = monitorEventLoopDelay({ resolution: LOOP_MS });
  const delayMs = (ns: number): number => Math.max(0, ns / 1e6 - LOOP_MS); // it reports the whole interval
  loop.enable();
  let cpu = process.cpuUsage();
  let openedMs = performance.now();
  return {
    observe: latency.record,
    open() {
      latency.reset();
      loop.reset();
      cpu = process.cpuUsage();
      openedMs = performance.now();
    },
    read() {
      const { user, system } = process.cpuUsage(cpu);
      return {
        cpuSeconds: (user + system) / 1e6,
        elapsedSeconds: (performance.now() - openedMs) / 1000,
        rss: process.memoryUsage.rss(),
        loopDelay: {
          p50: delayMs(loop.percentile(50)),
          p99: delayMs(loop.percentile(99)),
          max: delayMs(loop.max),
        },
        latency: latency.plain(),
      };
    },
    async memory() {
      loop.disable(); // collecting is ours, not the server's
      for (let times = 0; times < 2; times++) {
        (globalThis as { gc?: () => void }).gc?.();
        await new Promise((resolve) => setImmediate(resolve));
      }
      loop.enable();
      const { rss, heapUsed, external } = process.memoryUsage();
      const handles: Record<string, number> = {};
      for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1;
      return { rss, heapUsed, external, handles, sessions: sessions() };
    },
  };
}
