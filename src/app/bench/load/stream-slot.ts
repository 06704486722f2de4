// One of the places of a load: it has a stream most of the time. On its beat it sends a message; when an answer comes it
// knows which messages it answers, because rows are dense. With a limited life its stream leaves and a new one joins.

import { performance } from 'node:perf_hooks';
import type { ReadyMessage } from '../../../wire/messages.ts';
import type { AudioMessages } from './audio-messages.ts';
import { type LiveSocket, openLiveSocket } from './live-socket.ts';
import type { Tally } from './tally.ts';

export interface SlotOptions {
  readonly port: number;
  readonly start: Buffer;
  readonly index: number;
  /** Rows of a message. */
  readonly rows: number;
  readonly tally: Tally;
  /** Messages that a stream sends before it leaves, on average; absent: it stays. */
  readonly lifeBeats?: number;
}

export interface StreamSlot {
  /** Resolves when the server is ready for rows. @throws when it refuses */
  join(): Promise<ReadyMessage>;
  beat(audio: AudioMessages, beat: number, dueMs: number, counted: boolean): void;
  /** Ends the stream; after `patienceMs` its socket is cut. */
  leave(patienceMs: number): Promise<void>;
}

/** Messages whose times are remembered: an answer that comes later still counts as the oldest of them. */
const RING = 256;

/** A slot's stream of the moment. */
interface Live {
  readonly socket: LiveSocket;
  ready: boolean;
  sent: number;
  answered: number;
  /** The stream's message from which on they are counted. */
  countedFrom: number;
  readonly leavesAfter: number;
  readonly gone: Promise<void>;
}

export function createStreamSlot({ port, start, index, rows, tally, lifeBeats }: SlotOptions): StreamSlot {
  const random = randomFrom(index + 1);
  const times = createTimes(tally);
  let live: Live | undefined;

  function join(): Promise<ReadyMessage> {
    return new Promise((resolve, reject) => {
      let leave: () => void;
      const gone = new Promise<void>((done) => {
        leave = done;
      });
      const socket = openLiveSocket(port, start, {
        ready(message) {
          mine.ready = true;
          tally.joined++;
          resolve(message);
        },
        answered: (to) => answer(mine, to, true),
        missed: (to) => answer(mine, to, false),
        gone(why) {
          if (live === mine) live = undefined;
          leave();
          if (why === undefined) return;
          tally.broken++;
          tally.brokenWhy ??= why;
          reject(new Error(why));
        },
      });
      const leavesAfter = lifeBeats === undefined ? Infinity : Math.ceil(lifeBeats * (0.5 + random()));
      const mine: Live = { socket, ready: false, sent: 0, answered: 0, countedFrom: Infinity, leavesAfter, gone };
      live = mine;
    });
  }

  function answer(stream: Live, to: number, kept: boolean): void {
    const done = Math.floor(to / rows);
    for (; stream.answered < done; stream.answered++) {
      if (kept && stream.answered >= stream.countedFrom) times.answered(stream.answered, stream.sent);
    }
  }

  return {
    join,
    beat(audio, beat, dueMs, counted) {
      if (!live && lifeBeats !== undefined) void join().catch(() => undefined); // counted as broken
      if (!live?.ready || live.sent >= live.leavesAfter) {
        if (counted) tally.unsent++;
        return;
      }
      if (counted) live.countedFrom = Math.min(live.countedFrom, live.sent);
      times.sent(live.sent, dueMs, counted);
      live.socket.send(audio.frame(index, beat, live.sent));
      if (++live.sent >= live.leavesAfter) live.socket.close();
    },
    async leave(patienceMs) {
      if (!live) return;
      const { socket, gone } = live;
      socket.close();
      const cutOff = setTimeout(socket.destroy, patienceMs);
      await gone;
      clearTimeout(cutOff);
    },
  };
}

/** When a slot's latest messages were due and sent. */
function createTimes(tally: Tally) {
  const due = new Float64Array(RING);
  const sentAt = new Float64Array(RING);
  return {
    sent(message: number, dueMs: number, counted: boolean): void {
      const now = performance.now();
      due[message % RING] = dueMs;
      sentAt[message % RING] = now;
      if (!counted) return;
      tally.sent++;
      tally.late.record(1000 * (now - dueMs));
    },
    /** @param sent messages sent so far */
    answered(message: number, sent: number): void {
      const now = performance.now();
      const at = Math.max(message, sent - RING) % RING;
      tally.answered++;
      tally.sinceDue.record(1000 * (now - due[at]!));
      tally.sinceSent.record(1000 * (now - sentAt[at]!));
    },
  };
}

/** Evenly in [0, 1), the same for the same seed (Park and Miller's minimal standard). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
