// Where a number has been: a map of 256 bits over its range so far, in bins whose width is a power of two. A value beyond the map
// widens its bins, two into one, which is exact: the map is what it would be had its bins been that wide from the start. Many maps
// lie behind one another in one pair of views; `map` is the place of one. Who asks: novelty.ts.

export const WORDS = 8;
const BINS = 32 * WORDS;
/** A map's width of a bin (0: it is empty), number of its first bin, least and greatest value. */
export const FRAME = 4;
/** No bin is narrower than this share of the values' size: float32 readings resolve no more than 2^-24. */
const FINEST = 2 ** -40;
const NARROWEST = 2 ** -200; // of values at 0

export interface Maps {
  /** [maps, WORDS] */
  readonly bits: Uint32Array;
  /** [maps, FRAME] */
  readonly frames: Float64Array;
}

export const isEmpty = ({ frames }: Maps, map: number): boolean => frames[map * FRAME] === 0;
/** Infinity: it is empty. */
export const least = (maps: Maps, map: number): number =>
  isEmpty(maps, map) ? Infinity : maps.frames[map * FRAME + 2]!;
/** -Infinity: it is empty. */
export const greatest = (maps: Maps, map: number): number =>
  isEmpty(maps, map) ? -Infinity : maps.frames[map * FRAME + 3]!;

export function empty({ bits, frames }: Maps, map: number): void {
  bits.fill(0, map * WORDS, (map + 1) * WORDS);
  frames.fill(0, map * FRAME, (map + 1) * FRAME);
}

export function copyMap({ bits, frames }: Maps, from: number, to: number): void {
  bits.copyWithin(to * WORDS, from * WORDS, (from + 1) * WORDS);
  frames.copyWithin(to * FRAME, from * FRAME, (from + 1) * FRAME);
}

/** From `x` to the nearest place it has been, in whole bins; Infinity: it has been nowhere. */
export function distanceTo({ bits, frames }: Maps, map: number, x: number): number {
  const at = map * FRAME;
  const width = frames[at]!;
  if (width === 0) return Infinity;
  const first = frames[at + 1]!;
  const bin = Math.floor(x / width) - first;
  const last = Math.floor(frames[at + 3]! / width) - first;
  if (bin < 0) return -bin * width; // its first bin and its last are always taken
  if (bin > last) return (bin - last) * width;
  let away = 0;
  while (away < BINS && !(isSet(bits, map, bin - away) || isSet(bits, map, bin + away))) away++;
  return away * width;
}

/** It has been at `x`. */
export function mark(maps: Maps, map: number, x: number): void {
  const { bits, frames } = maps;
  const at = map * FRAME;
  if (frames[at] === 0) {
    frames[at] = widthFor(x);
    frames[at + 2] = frames[at + 3] = x;
    frames[at + 1] = Math.floor(x / frames[at]!);
  } else {
    frames[at + 2] = Math.min(frames[at + 2]!, x);
    frames[at + 3] = Math.max(frames[at + 3]!, x);
    widen(maps, map);
  }
  set(bits, map, Math.floor(x / frames[at]!) - frames[at + 1]!);
}

function widthFor(x: number): number {
  let width = NARROWEST;
  while (width < FINEST * Math.abs(x)) width *= 2;
  return width;
}

/** Widens and moves the map until it holds its least and greatest value. */
function widen({ bits, frames }: Maps, map: number): void {
  const at = map * FRAME;
  const [width, first, low, high] = [frames[at]!, frames[at + 1]!, frames[at + 2]!, frames[at + 3]!];
  let wider = width;
  while (!(Math.floor(high / wider) - Math.floor(low / wider) < BINS)) wider *= 2;
  const start = Math.floor(low / wider);
  if (wider === width && start === first) return;
  const ratio = wider / width;
  const before = Math.floor(first / ratio);
  if (ratio > 1) {
    for (let bin = 0; bin < BINS; bin++)
      if (take(bits, map, bin)) set(bits, map, Math.floor((first + bin) / ratio) - before);
  }
  const move = before - start;
  for (let bin = BINS - 1; move > 0 && bin >= 0; bin--) if (take(bits, map, bin)) set(bits, map, bin + move);
  frames[at] = wider;
  frames[at + 1] = start;
}

function isSet(bits: Uint32Array, map: number, bin: number): boolean {
  return bin >= 0 && bin < BINS && ((bits[map * WORDS + (bin >> 5)]! >>> (bin & 31)) & 1) === 1;
}
function set(bits: Uint32Array, map: number, bin: number): void {
  bits[map * WORDS + (bin >> 5)]! |= 1 << (bin & 31);
}
/** Whether it was set; it no longer is. */
function take(bits: Uint32Array, map: number, bin: number): boolean {
  if (!isSet(bits, map, bin)) return false;
  bits[map * WORDS + (bin >> 5)]! &= ~(1 << (bin & 31));
  return true;
}
