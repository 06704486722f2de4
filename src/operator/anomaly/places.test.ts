// The map of places against its slow twin, which keeps every value and sorts them into bins afterwards; and its edges.

import { describe, expect, it } from 'vitest';
import { seeded } from '../../../test/helpers/items.ts';
import { copyMap, distanceTo, empty, FRAME, greatest, isEmpty, least, type Maps, mark, WORDS } from './places.ts';

const maps = (count: number): Maps => ({
  bits: new Uint32Array(count * WORDS),
  frames: new Float64Array(count * FRAME),
});
/** From x to the nearest of `values`, all in bins of `width`. */
const slowDistance = (values: readonly number[], width: number, x: number): number =>
  width * Math.min(...values.map((value) => Math.abs(Math.floor(value / width) - Math.floor(x / width))));

describe('a map of places', () => {
  it('is what its slow twin says, whatever the order, the scale and the sign', () => {
    const random = seeded(3);
    for (let trial = 0; trial < 60; trial++) {
      const [scale, offset] = [10 ** Math.floor(random() * 30 - 15), (random() - 0.5) * 10 ** Math.floor(random() * 4)];
      const map = maps(3);
      const values: number[] = [];
      for (let n = 0; n < 120; n++) {
        const x = scale * (offset + (random() - 0.5) ** 3 * (n % 17 === 0 ? 40 : 1));
        if (n > 0) {
          const width = map.frames[FRAME]!;
          expect(distanceTo(map, 1, x), `${trial}, ${n}`).toBe(slowDistance(values, width, x));
          const span = Math.max(...values) - Math.min(...values);
          expect(width <= Math.max(span / 64, 2 ** -38 * Math.max(...values.map(Math.abs)))).toBe(true);
        }
        mark(map, 1, x);
        values.push(x);
        expect(distanceTo(map, 1, x)).toBe(0);
      }
      expect([least(map, 1), greatest(map, 1)]).toEqual([Math.min(...values), Math.max(...values)]);
      expect([isEmpty(map, 0), isEmpty(map, 1), isEmpty(map, 2)]).toEqual([true, false, true]);
      expect([...map.bits.subarray(0, WORDS), ...map.bits.subarray(2 * WORDS)].every((word) => word === 0)).toBe(true);
    }
  });

  it('does not care in which order places came', () => {
    const random = seeded(5);
    const values = Array.from({ length: 80 }, () => (random() - 0.5) * 1000 + 1000);
    const [one, other] = [maps(1), maps(1)];
    for (const x of values) mark(one, 0, x);
    for (const x of [values[0]!, ...values.slice(1).reverse()]) mark(other, 0, x);
    expect(other).toEqual(one);
  });

  it('holds zeros, constants, the greatest and the least of float32', () => {
    for (const values of [
      [0, 0, 0],
      [7, 7],
      [0, 1e-40, 3.4e38, -3.4e38],
      [3.4e38, 1],
      [1e9, 1e9 + 64],
      [-1e-45, 0, 5],
    ]) {
      const map = maps(1);
      for (const x of values) mark(map, 0, x);
      for (const x of values) expect(distanceTo(map, 0, x)).toBe(0);
      for (const frame of map.frames) expect(Number.isFinite(frame)).toBe(true);
      expect(distanceTo(map, 0, 1e37)).toBeGreaterThan(1e30);
    }
  });

  it('is copied and emptied alone', () => {
    const map = maps(3);
    mark(map, 0, 1);
    mark(map, 1, 5);
    mark(map, 1, 9);
    copyMap(map, 1, 2);
    empty(map, 1);
    expect([distanceTo(map, 0, 1), distanceTo(map, 1, 5), distanceTo(map, 2, 9)]).toEqual([0, Infinity, 0]);
  });
});
