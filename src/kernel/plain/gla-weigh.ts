// The weights of one chunk of gated linear attention: c is the sum of g since the chunk's first row. e^-c grows without bound
// under strong gates, which is why float32 code needs a second level of chunks; here it is f64 and a chunk ends in time.

import { exp } from '../../base/math.ts';

const DECAY_MIN = -300; // float64 holds e^709: twice over, with room for the values

/**
 * q e^c and k e^-c for the rows of a chunk, in place; leaves c of its last row. Returns the row after that: `end`, or the
 * first row that would take a channel of c below DECAY_MIN.
 * @param q, k, g [rows, keys] f64 - q and k are mutated   @param c [headKDim] f64 - written   @param key first column of the head
 * Cost: 2 exp an element. Allocates nothing.
 */
export function glaWeigh(
  q: Float64Array,
  k: Float64Array,
  g: Float64Array,
  c: Float64Array,
  from: number,
  end: number,
  keys: number,
  key: number,
): number {
  c.fill(0);
  for (let t = from + 1; t < end; t++) {
    for (let i = 0; i < c.length; i++) if (c[i]! + g[t * keys + key + i]! < DECAY_MIN) return t;
    for (let i = 0; i < c.length; i++) {
      const at = t * keys + key + i;
      c[i] = c[i]! + g[at]!;
      q[at] = q[at]! * exp(c[i]!);
      k[at] = k[at]! * exp(-c[i]!);
    }
  }
  return end;
}
