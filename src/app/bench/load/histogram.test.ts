import { expect, it } from 'vitest';
import { createHistogram } from './histogram.ts';

/** Latency-like: most around a millisecond, a tail of seconds. */
function latencies(count: number): number[] {
  let state = 1;
  return Array.from({ length: count }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return Math.round(1000 / (state / 2_147_483_647 + 1e-4));
  });
}

it('tells any quantile to 1.6 %, from above', () => {
  const values = latencies(20_000);
  const histogram = createHistogram();
  for (const value of values) histogram.record(value);
  const sorted = values.sort((a, b) => a - b);
  for (const q of [0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1]) {
    const exact = sorted[Math.ceil(q * sorted.length) - 1]!;
    expect(histogram.quantile(q)).toBeGreaterThanOrEqual(exact);
    expect(histogram.quantile(q)).toBeLessThanOrEqual(exact * 1.016);
  }
  expect(histogram.count).toBe(20_000);
  expect(histogram.max).toBe(sorted.at(-1));
});

it('has a bucket for every whole microsecond up to 127, and for the longest there is', () => {
  for (const value of [0, 1, 63, 64, 100, 127, 128, 129, 2 ** 31 - 1]) {
    const histogram = createHistogram();
    histogram.record(value);
    histogram.record(value);
    expect(histogram.quantile(0.5)).toBe(value);
  }
  const beyond = createHistogram();
  beyond.record(-3);
  beyond.record(1e12);
  expect([beyond.quantile(0.5), beyond.max]).toEqual([0, 2 ** 31 - 1]);
});

it('adds up over processes, through JSON, as if one had counted', () => {
  const [left, right, both, sum] = [createHistogram(), createHistogram(), createHistogram(), createHistogram()];
  for (const [i, value] of latencies(1000).entries()) {
    (i % 3 === 0 ? left : right).record(value);
    both.record(value);
  }
  for (const part of [left, right]) sum.add(JSON.parse(JSON.stringify(part.plain())));
  expect(sum.plain()).toEqual(both.plain());
  sum.reset();
  expect([sum.count, sum.max, sum.quantile(0.5)]).toEqual([0, 0, Number.NaN]);
});
