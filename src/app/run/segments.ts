// Readings to segments: on at 0.6, off after 0.2 s below 0.4. What narrate.ts says as it happens, for a finished run.

import type { Segment } from '../picture/draw-audio-picture.ts';

export const SPEECH = { on: 0.6, off: 0.4, hangSeconds: 0.2 } as const;

/** @param readings one every `hopSeconds` */
export function segmentsOf(readings: ArrayLike<number>, hopSeconds: number): Segment[] {
  const segments: Segment[] = [];
  let began = -1;
  let heard = 0;
  for (let hop = 0; hop <= readings.length; hop++) {
    const value = readings[hop] ?? 0;
    if (began < 0 && value >= SPEECH.on) began = hop;
    if (began >= 0 && value >= SPEECH.off) heard = hop + 1;
    const over = hop === readings.length || (hop + 1 - heard) * hopSeconds > SPEECH.hangSeconds;
    if (began >= 0 && over) {
      segments.push([began * hopSeconds, heard * hopSeconds]);
      began = -1;
    }
  }
  return segments;
}
