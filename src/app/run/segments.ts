// Readings to segments: on at 0.6, off after 0.2 s below 0.4, the hysteresis of the vad pipeline's own segments. One rule
// for what narrate.ts says as it happens and for what a finished run shows.

import type { Segment } from '../picture/draw-audio-picture.ts';

const SPEECH = { on: 0.6, off: 0.4, hangSeconds: 0.2 } as const;

export interface Segmenter {
  /** A reading about rows [from, to). */
  read(value: number, from: number, to: number): void;
  /** Closes what is open. */
  finish(): void;
}

export interface SegmenterOptions {
  readonly rateHz: number;
  readonly onStart?: (from: number) => void;
  readonly onEnd: (from: number, to: number, peak: number) => void;
}

export function createSegmenter({ rateHz, onStart, onEnd }: SegmenterOptions): Segmenter {
  const hangRows = SPEECH.hangSeconds * rateHz;
  let began = -1;
  let heard = 0;
  let peak = 0;
  function finish(): void {
    if (began >= 0) onEnd(began, heard, peak);
    began = -1;
  }
  return {
    read(value, from, to) {
      if (began < 0 && value < SPEECH.on) return;
      if (began < 0) {
        began = from;
        peak = 0;
        onStart?.(from);
      }
      peak = Math.max(peak, value);
      if (value >= SPEECH.off) heard = to;
      if (to - heard > hangRows) finish();
    },
    finish,
  };
}

/** [start, end) in seconds. @param readings `readingsPerSecond` of them, without holes */
export function segmentsOf(readings: ArrayLike<number>, readingsPerSecond: number): Segment[] {
  const segments: Segment[] = [];
  const segmenter = createSegmenter({
    rateHz: readingsPerSecond,
    onEnd: (from, to) => segments.push([from / readingsPerSecond, to / readingsPerSecond]),
  });
  for (let i = 0; i < readings.length; i++) segmenter.read(readings[i]!, i, i + 1);
  segmenter.finish();
  return segments;
}
