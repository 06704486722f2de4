// A live sensor that every machine has: its own CPU load, and how late this process's event loop runs. One row a period,
// on a steady grid; periods that passed while the process was too busy to look are declared as lost.

import { cpus } from 'node:os';
import { engineError } from '../../base/errors.ts';
import type { Source, SourceBlock } from './source.ts';

/** The system counts CPU time in ticks of 10 ms: shorter periods would measure the tick. */
const PERIOD_MS_MIN = 50;
const TICK_MS = 10;

/**
 * Columns: cpu_percent (0 to 100, all cores together) and event_loop_delay_ms (the worst of the period).
 * @throws ERR_USAGE for a period under 50 ms
 */
export function openCpu(periodMs: number): Source {
  if (!(periodMs >= PERIOD_MS_MIN)) {
    throw engineError('ERR_USAGE', `a period of ${periodMs} ms`, { expected: `at least ${PERIOD_MS_MIN} ms` });
  }
  const stop = new AbortController();
  async function* blocks(): AsyncIterable<SourceBlock> {
    const delay = loopDelay();
    try {
      const start = Date.now();
      let before = cpuTicks();
      let percent = 0;
      for (let row = 1; ; row++) {
        const lostBefore = Math.max(0, Math.floor((Date.now() - start) / periodMs) - row);
        row += lostBefore;
        await sleepUntil(start + row * periodMs, stop.signal);
        if (stop.signal.aborted) return;
        const now = cpuTicks();
        const [busy, all] = [now.busy - before.busy, now.all - before.all];
        if (all > 0) percent = (100 * busy) / all; // no tick passed: the load is still the last one
        before = now;
        yield {
          rows: Float32Array.of(percent, delay.takeWorst()),
          times: Float64Array.of((start + row * periodMs) * 1000),
          lostBefore,
        };
      }
    } finally {
      delay.stop();
    }
  }
  return {
    kind: 'sensor',
    live: true,
    rateHz: 1000 / periodMs,
    width: 2,
    names: ['cpu_percent', 'event_loop_delay_ms'],
    blocks,
    async close() {
      stop.abort();
    },
  };
}

function cpuTicks(): { busy: number; all: number } {
  let [busy, all] = [0, 0];
  for (const { times } of cpus()) {
    const total = times.user + times.nice + times.sys + times.idle + times.irq;
    busy += total - times.idle;
    all += total;
  }
  return { busy, all };
}

/**
 * How late a timer of 10 ms came at worst, in ms, since last asked. By hand: `perf_hooks.monitorEventLoopDelay` forgets at
 * `reset` when its interval began, so a stall right after a reading, the likeliest one, was never seen (Node 20.20).
 */
function loopDelay(): { takeWorst(): number; stop(): void } {
  let [last, worst] = [performance.now(), 0];
  const tick = () => {
    const now = performance.now();
    worst = Math.max(worst, now - last - TICK_MS);
    last = now;
  };
  const timer = setInterval(tick, TICK_MS).unref();
  return {
    takeWorst() {
      tick();
      const taken = worst;
      worst = 0;
      return taken;
    },
    stop: () => clearInterval(timer),
  };
}

function sleepUntil(at: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.max(0, at - Date.now()));
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
