// Builders of items for tests, seeded randomness, and ways to cut a stream differently. Not part of the engine.

import type { Chunk, Detection, Gap, GapCause, Item, Mark } from '../../src/item/item.ts';
import { ptsOf } from '../../src/item/timeline.ts';

export const RATE_HZ = 16000;

export type Random = () => number;

/** Seeded uniform numbers in [0, 1) (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Uniform noise in [-1, 1): [count] f32. */
export function noise(count: number, random: Random): Float32Array {
  return Float32Array.from({ length: count }, () => 2 * random() - 1);
}

export function chunkOf(from: number, data: ArrayLike<number>, width = 1, rateHz = RATE_HZ): Chunk {
  const rows = data.length / width;
  return {
    kind: 'chunk',
    from,
    to: from + rows,
    pts: ptsOf(from, rateHz),
    rows,
    width,
    data: Float32Array.from(data),
  };
}

export function gapOf(from: number, to: number, why: GapCause = 'lost', rateHz = RATE_HZ): Gap {
  return { kind: 'gap', from, to, pts: ptsOf(from, rateHz), why };
}

export function markOf(what: Mark['what'], at: number, rateHz = RATE_HZ): Mark {
  return { kind: 'mark', what, from: at, to: at, pts: ptsOf(at, rateHz) };
}

export function detectionOf(
  name: string,
  from: number,
  to: number,
  values: Record<string, number>,
  rateHz = RATE_HZ,
): Detection {
  return { kind: 'detection', name, from, to, pts: ptsOf(from, rateHz), values };
}

/** The same rows, every chunk cut at random places into pieces of at least one row. */
export function cutRandomly(items: readonly Item[], random: Random, rateHz = RATE_HZ): Item[] {
  return items.flatMap((item) => {
    if (item.kind !== 'chunk') return [item];
    const pieces: Item[] = [];
    const most = 1 + Math.floor(random() * item.rows);
    for (let row = 0; row < item.rows; ) {
      const rows = Math.min(item.rows - row, 1 + Math.floor(random() * most));
      const data = item.data.subarray(row * item.width, (row + rows) * item.width);
      pieces.push(chunkOf(item.from + row, data, item.width, rateHz));
      row += rows;
    }
    return pieces;
  });
}

/** All rows of the chunks among `items`, one after the other. */
export function rowsOf(items: readonly Item[]): Float32Array {
  return Float32Array.from(items.flatMap((item) => (item.kind === 'chunk' ? [...item.data] : [])));
}

/** One line of text per item with every byte of its data: equal texts are bitwise equal items. */
export function printed(items: readonly Item[]): string[] {
  return items.map((item) => {
    if (item.kind !== 'chunk') return JSON.stringify(item);
    const { data, ...rest } = item;
    return `${JSON.stringify(rest)} ${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')}`;
  });
}
