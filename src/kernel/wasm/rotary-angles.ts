// Cosines and sines of rotary positions for the kernels, without a sine per row: angles of position = 64 high + low add up,
// e^(i a) e^(i b) = e^(i (a + b)), in float64 from two tables of portable sines. What is written depends on the position alone:
// the table of `high` is a cache, of as many entries as there are rows in a block. The readable twin: ../plain/rope.ts.

import { ropeFrequencies, ropeRotation } from '../plain/rope.ts';

const BLOCK_ROWS = 64;
const CACHED_BLOCKS = 64;

export interface RotaryAngles {
  /** Elements of a head that are turned; pairs are half as many. */
  readonly dims: number;
  /** Writes the rotation of an absolute position into out: [pairs] cosines, then [pairs] sines. Allocates nothing. */
  write(position: number, out: Float32Array): void;
}

/** @param dims even; 0 for a cell without rotation */
export function rotaryAngles(theta: number, dims: number): RotaryAngles {
  const frequencies = ropeFrequencies(theta, dims);
  const low = Array.from({ length: BLOCK_ROWS }, (_, row) => {
    const rotation = new Float64Array(dims);
    ropeRotation(row, frequencies, rotation);
    return rotation;
  });
  const high = Array.from({ length: CACHED_BLOCKS }, () => ({ block: -1, rotation: new Float64Array(dims) }));
  const pairs = dims / 2;
  return {
    dims,
    write(position, out) {
      const block = Math.floor(position / BLOCK_ROWS);
      const a = low[position - block * BLOCK_ROWS]!;
      const cached = high[block % CACHED_BLOCKS]!;
      if (cached.block !== block) {
        ropeRotation(block * BLOCK_ROWS, frequencies, cached.rotation);
        cached.block = block;
      }
      const b = cached.rotation;
      for (let i = 0; i < pairs; i++) {
        const j = 2 * i;
        const k = j + 1;
        out[i] = a[j]! * b[j]! - a[k]! * b[k]!;
        out[pairs + i] = a[j]! * b[k]! + a[k]! * b[j]!;
      }
    },
  };
}
