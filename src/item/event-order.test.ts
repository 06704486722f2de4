import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventOrder, type EventOrderState } from './event-order.ts';

const row = (time: number, value = time) => ({ time, values: Float32Array.of(value) });

/** Feeds times one by one: those that left, and the event of each. */
function run(times: readonly number[], windowUs = 0, rowsMax = 100) {
  const left: number[] = [];
  const order = new EventOrder({ windowUs, rowsMax }, undefined);
  const events = times.map((time) => order.take(row(time), (out) => left.push(out.time)));
  return { left, events, order };
}

describe('event order', () => {
  it('lets rows through at once without a window, and none that is late or there twice', () => {
    const { left, events, order } = run([3, 1, 2, 9, 9, 4, 10]);
    expect(left).toEqual([3, 9, 10]);
    expect(events).toEqual([undefined, 'late', 'late', undefined, 'duplicate', 'late', undefined]);
    expect(order.counts).toEqual({ late: 3, duplicate: 1, out_of_order: 0 });
  });

  it('puts rows in order within its window, in event time', () => {
    const { left, events, order } = run([3, 1, 2, 2, 9, 4], 5);
    expect(left).toEqual([1, 2, 3, 4]);
    expect(events).toEqual([undefined, 'out_of_order', 'out_of_order', 'duplicate', undefined, 'out_of_order']);
    order.flush((out) => left.push(out.time));
    expect(left).toEqual([1, 2, 3, 4, 9]);
  });

  it('holds no more rows than it may: the earliest leaves', () => {
    const { left } = run([10, 20, 30, 40], 1000, 2);
    expect(left).toEqual([10, 20]);
  });

  it('goes on from its saved state as if nothing had been', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 }),
        fc.nat(60),
        fc.nat(12),
        fc.integer({ min: 1, max: 5 }),
        (times, cut, windowUs, rowsMax) => {
          const whole = run(times, windowUs, rowsMax);
          const first = run(times.slice(0, cut), windowUs, rowsMax);
          const saved = JSON.parse(JSON.stringify(first.order.state())) as EventOrderState;
          const second = new EventOrder({ windowUs, rowsMax }, saved);
          const left = [...first.left];
          for (const time of times.slice(cut)) second.take(row(time), (out) => left.push(out.time));
          expect(left).toEqual(whole.left);
          expect(second.state()).toEqual(whole.order.state());
        },
      ),
    );
  });

  it('lets every time leave once and in order, whatever comes, and counts the rest', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -20, max: 20 })), fc.nat(10), (times, windowUs) => {
        const { left, order } = run(times, windowUs);
        order.flush((out) => left.push(out.time));
        expect(left).toEqual([...new Set(left)].sort((a, b) => a - b));
        expect(left.length + order.counts.late + order.counts.duplicate).toBe(times.length);
        if (windowUs >= 40) expect(left).toEqual([...new Set(times)].sort((a, b) => a - b));
      }),
    );
  });

  it('keeps missing values missing over a saved state', () => {
    const order = new EventOrder({ windowUs: 10, rowsMax: 5 });
    order.take({ time: 1, values: Float32Array.of(Number.NaN, 2) }, () => undefined);
    const again = new EventOrder({ windowUs: 10, rowsMax: 5 }, JSON.parse(JSON.stringify(order.state())));
    const left: Float32Array[] = [];
    again.flush(({ values }) => left.push(values));
    expect(left).toEqual([Float32Array.of(Number.NaN, 2)]);
  });
});
