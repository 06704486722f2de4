// Streams that are there and send nothing: what the memory benchmark counts. Each has sent a few messages and has them
// answered, so that every buffer and state it needs exists.

import { performance } from 'node:perf_hooks';
import { audioMessages } from './audio-messages.ts';
import { startFrame } from './start-frame.ts';
import { createStreamSlot, type StreamSlot } from './stream-slot.ts';
import { createTally } from './tally.ts';

export interface HoldOptions {
  readonly port: number;
  readonly cell: string;
}

const MESSAGES = 5;
const MESSAGE_MS = 10;
/** Opened and answered before the next ones are: no burst that would be measured instead. */
const BATCH = 50;
const PATIENCE_MS = 30_000;
const ENCODING = 'pcm_s16le';

export interface HeldStreams {
  /** Opens more until there are `streams`. @throws when one is refused or an answer does not come */
  grow(streams: number): Promise<void>;
  /** What the server declares a stream's state to be. */
  readonly stateBytes: number;
  release(): Promise<void>;
}

export async function holdStreams({ port, cell }: HoldOptions): Promise<HeldStreams> {
  const audio = await audioMessages({ messageMs: MESSAGE_MS, encoding: ENCODING, signal: 'speech' });
  const start = startFrame({ cell, encoding: ENCODING }, audio.rateHz);
  const tally = createTally();
  const slots: StreamSlot[] = [];
  let stateBytes = 0;

  async function addBatch(count: number): Promise<void> {
    const batch = Array.from({ length: count }, (_, i) =>
      createStreamSlot({ port, start, index: slots.length + i, rows: audio.rows, tally }),
    );
    slots.push(...batch);
    const [ready] = await Promise.all(batch.map((slot) => slot.join()));
    stateBytes = ready!.state_bytes;
    for (let beat = 0; beat < MESSAGES; beat++) {
      for (const slot of batch) slot.beat(audio, beat, performance.now(), true);
    }
    const deadline = performance.now() + PATIENCE_MS;
    while (tally.answered < tally.sent) {
      if (performance.now() > deadline) throw new Error(`${tally.sent - tally.answered} answers did not come`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
  return {
    get stateBytes() {
      return stateBytes;
    },
    async grow(streams) {
      while (slots.length < streams) await addBatch(Math.min(BATCH, streams - slots.length));
    },
    async release() {
      await Promise.all(slots.splice(0).map((slot) => slot.leave(PATIENCE_MS)));
    },
  };
}
