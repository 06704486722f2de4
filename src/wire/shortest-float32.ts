// The shortest decimal that reads back to the same float32, as a number that prints so: 0.97, not 0.9700000286102295.
// Not a formatter: JSON.stringify prints the returned number. Tested on random and on edge bit patterns.

/** 2^-126: below, float32 has fewer than 24 significant bits. */
const NORMAL_MIN = 1.1754943508222875e-38;

/** Powers of two have room above but half of it below, so the nearest 8 digits can miss while a neighbour hits: all three. */
const LOPSIDED: ReadonlyMap<number, number> = new Map([
  [1.262177448353619e-29, 1.2621775e-29], // 2^-96
  [1.5474250491067253e26, 1.5474251e26], // 2^87
  [1.2379400392853803e27, 1.2379401e27], // 2^90
]);

/** 10^0 to 10^22: the powers of ten that a number holds exactly. */
const POWERS = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
/** Sizes for which digits can be cut with these powers, and rounding a product cannot miss the nearest decimal. */
const PLAIN_MIN = 1e-12;
const PLAIN_MAX = 1e6;

/** 6 to 9 digits by arithmetic: whole number / exact power is rounded once, like a parsed decimal. 20 times the speed. */
function shortestPlain(size: number): number | undefined {
  let shift = 0; // 10^shift x size lies in [1e5, 1e6)
  while (shift < 18 && size * POWERS[shift]! < 1e5) shift++;
  for (let digits = 6; digits <= 9; digits++, shift++) {
    const power = POWERS[shift]!;
    const short = Math.round(size * power) / power;
    if (Math.fround(short) === size) return short;
  }
  return undefined;
}

/**
 * `value` must be a float32; anything else is rounded to one first. NaN and infinities come back as they are.
 * Any decimal of 6 digits survives a trip through a normal float32, so 6 is tried first and, if it fails, 7 to 9 follow;
 * subnormals start from 1 digit.
 */
export function shortestFloat32(value: number): number {
  const wanted = Math.fround(value);
  const size = Math.abs(wanted);
  if (!(size > 0 && size < Infinity)) return wanted;
  const exception = LOPSIDED.get(size);
  if (exception !== undefined) return wanted < 0 ? -exception : exception;
  if (size >= PLAIN_MIN && size < PLAIN_MAX) {
    const short = shortestPlain(size);
    if (short !== undefined) return wanted < 0 ? -short : short;
  }
  for (let digits = size < NORMAL_MIN ? 1 : 6; digits < 9; digits++) {
    const short = Number(wanted.toPrecision(digits));
    if (Math.fround(short) === wanted) return short;
  }
  return Number(wanted.toPrecision(9));
}
