// Many live streams from one process: each sends a message every period, staggered evenly, and the answers are timed. Since
// all periods are equal the messages fall due in turn, so one cursor is the whole timer wheel: message k is due at k * period
// / streams. What is late is sent at once (it catches up), and how late it was is part of the report.

import { performance } from 'node:perf_hooks';
import { type AudioMessages, type AudioOptions, audioMessages } from './audio-messages.ts';
import type { Histogram } from './histogram.ts';
import { startFrame } from './start-frame.ts';
import { createStreamSlot, type StreamSlot } from './stream-slot.ts';
import { createTally, type Tally } from './tally.ts';

export interface LoadOptions extends AudioOptions {
  readonly port: number;
  readonly streams: number;
  readonly cell: string;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Streams leave after this many seconds, spread by half of it, and new ones join; absent: they stay. */
  readonly lifeSeconds?: number;
}

export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Times in ms. Counted are the messages that fell due between warm-up and end. */
export interface LoadReport {
  /** From the moment a message was due to its answer: what a listener waits, whoever is to blame. */
  readonly sinceDue: Spread;
  /** From the moment it was sent: without this process's own lateness. */
  readonly sinceSent: Spread;
  /** How late messages were sent: this process's timers. */
  readonly late: Spread;
  readonly sent: number;
  readonly answered: number;
  /** Sent, and not answered when answers had stopped coming for a second. */
  readonly lost: number;
  /** Due while the slot had no stream: it was joining, or its stream was cut off. */
  readonly unsent: number;
  readonly joined: number;
  /** Streams that ended otherwise than by `end`, and what was said of the first. */
  readonly broken: number;
  readonly brokenWhy?: string;
  readonly cpuShare: number;
  readonly cpuUsPerMessage: number;
}

/** Without an answer for this long, what is not answered is lost. */
const DRAIN_MS = 1000;
/** Connections being made at once: fewer than any listen backlog. */
const CONNECTING_MAX = 64;

/** @param onWindow called when counting begins and when it is over */
export async function pacedLoad(options: LoadOptions, onWindow: (open: boolean) => void): Promise<LoadReport> {
  const { port, streams } = options;
  const audio = await audioMessages(options);
  const start = startFrame(options, audio.rateHz);
  const tally = createTally();
  const slots = Array.from({ length: streams }, (_, index) =>
    createStreamSlot({ port, start, index, rows: audio.rows, tally, ...life(options) }),
  );
  const cpu = await joinAll(slots)
    .then(() => run(slots, audio, options, onWindow))
    .finally(async () => {
      await drained(tally);
      await Promise.all(slots.map((slot) => slot.leave(DRAIN_MS)));
    });
  const { sent, answered, unsent, joined, broken, brokenWhy } = tally;
  return {
    sinceDue: spread(tally.sinceDue),
    sinceSent: spread(tally.sinceSent),
    late: spread(tally.late),
    ...{ sent, answered, lost: sent - answered, unsent, joined, broken },
    ...(brokenWhy === undefined ? {} : { brokenWhy }),
    cpuShare: cpu.us / cpu.elapsedUs,
    cpuUsPerMessage: cpu.us / sent,
  };
}

const life = ({ lifeSeconds, messageMs }: LoadOptions): { lifeBeats?: number } =>
  lifeSeconds === undefined ? {} : { lifeBeats: (1000 * lifeSeconds) / messageMs };

async function joinAll(slots: readonly StreamSlot[]): Promise<void> {
  for (let at = 0; at < slots.length; at += CONNECTING_MAX) {
    await Promise.all(slots.slice(at, at + CONNECTING_MAX).map((slot) => slot.join()));
  }
}

/** Sends every message when it is due. Resolves after the last one with the CPU time of the counted part. */
function run(
  slots: readonly StreamSlot[],
  audio: AudioMessages,
  { messageMs, warmUpSeconds, seconds }: LoadOptions,
  onWindow: (open: boolean) => void,
): Promise<{ us: number; elapsedUs: number }> {
  const streams = slots.length;
  const spacingMs = messageMs / streams;
  const counted = Math.round((1000 * warmUpSeconds) / messageMs) * streams;
  const last = counted + Math.round((1000 * seconds) / messageMs) * streams;
  const startedMs = performance.now() + messageMs;
  let cursor = 0;
  let cpu = process.cpuUsage();
  let openedMs = startedMs;
  return new Promise((resolve) => {
    function tick(): void {
      let now = performance.now();
      let dueMs = startedMs + cursor * spacingMs;
      while (cursor < last && dueMs <= now) {
        if (cursor === counted) {
          cpu = process.cpuUsage();
          openedMs = now;
          onWindow(true);
        }
        const beat = Math.floor(cursor / streams);
        slots[cursor - beat * streams]!.beat(audio, beat, dueMs, cursor >= counted);
        dueMs = startedMs + ++cursor * spacingMs;
        if (dueMs > now) now = performance.now(); // sending takes time, in which more falls due
      }
      if (cursor < last) return void setTimeout(tick, Math.max(1, dueMs - now));
      const { user, system } = process.cpuUsage(cpu);
      onWindow(false);
      resolve({ us: user + system, elapsedUs: 1000 * (performance.now() - openedMs) });
    }
    tick();
  });
}

function spread(histogram: Histogram): Spread {
  const ms = (q: number): number => histogram.quantile(q) / 1000;
  return { p50: ms(0.5), p99: ms(0.99), p999: ms(0.999), max: histogram.max / 1000 };
}

/** Waits for the answers that are still to come. */
async function drained(tally: Tally): Promise<void> {
  for (let seen = -1; tally.answered < tally.sent && seen !== tally.answered; ) {
    seen = tally.answered;
    const patient = performance.now() + DRAIN_MS;
    while (seen === tally.answered && performance.now() < patient) await new Promise((done) => setTimeout(done, 10));
  }
}
