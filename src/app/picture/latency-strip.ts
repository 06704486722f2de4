// The strip at the foot of both pictures: how long each chunk took, on a logarithmic axis, with its median and p99.

import type { Axis, Data, Mark, Scale } from 'vega';
import { area, COLOR, COLUMNS, type Extent, label, level, line, MARGIN_X, panelTitle, yAxis } from './style.ts';
import { quantile, thinSpans } from './thin.ts';

/** One measurement per chunk: when it lies on the picture's x axis, and how many milliseconds it took. */
export interface LatencySeries {
  readonly x: ArrayLike<number>;
  readonly ms: ArrayLike<number>;
}

export interface LatencyStrip {
  readonly scale: Scale;
  readonly axis: Axis;
  readonly data: readonly Data[];
  readonly marks: readonly Mark[];
  /** 'p50 38 µs, p99 0.21 ms' */
  readonly summary: string;
}

export function latencyStrip(latency: LatencySeries, [top, bottom]: Extent): LatencyStrip {
  const ms = Float64Array.from(latency.ms, (v) => Math.max(v, 0.001)); // below a microsecond a clock says nothing
  const [p50, p99] = [quantile(ms, 0.5), quantile(ms, 0.99)];
  const measured = ms.length > 0 && !Number.isNaN(p50);
  const [least, most] = measured ? decades(quantile(ms, 0), quantile(ms, 1)) : [-2, 1];
  const spans = measured ? thinSpans(ms, COLUMNS) : [];
  const at = (row: number) => latency.x[row]!;
  const y = (value: number) => bottom - ((Math.log10(value) - least) / (most - least)) * (bottom - top);
  const [labelP50, labelP99] = apart(y(p50), y(p99));
  return {
    scale: { name: 'latency', type: 'log', domain: [10 ** least, 10 ** most], range: [bottom, top] },
    axis: yAxis('latency', {
      values: Array.from({ length: most - least + 1 }, (_, k) => 10 ** (least + k)).filter(
        (_, k, all) => all.length < 5 || (all.length - 1 - k) % 2 === 0,
      ),
      format: '~g',
    }),
    data: [
      { name: 'latency-span', values: spans.map(({ row, low, high }) => ({ x: at(row), low, high })) },
      { name: 'latency-mid', values: spans.map(({ row, mid }) => ({ x: at(row), y: mid })) },
    ],
    marks: [
      panelTitle([top, bottom], 'latency per chunk, ms (log)'),
      area('latency-span', 'latency', COLOR.data, 0.35),
      line('latency-mid', 'latency', COLOR.muted, 1),
      ...(measured
        ? [
            level('latency', p50, COLOR.ink, [2, 3]),
            level('latency', p99, COLOR.alarm, [2, 3]),
            label(MARGIN_X, labelP50, `p50 ${formatMs(p50)}`, COLOR.ink),
            label(MARGIN_X, labelP99, `p99 ${formatMs(p99)}`, COLOR.alarm),
          ]
        : [label(8, (top + bottom) / 2, 'not measured')]),
    ],
    summary: measured ? `latency p50 ${formatMs(p50)}, p99 ${formatMs(p99)}` : 'latency not measured',
  };
}

/** Whole powers of ten around two values, at least one decade. */
function decades(low: number, high: number): readonly [number, number] {
  const from = Math.floor(Math.log10(low) + 1e-9);
  return [from, Math.max(from + 1, Math.ceil(Math.log10(high) - 1e-9))];
}

/** Two label heights at least 13 pixels from each other, the lower value lower down. */
function apart(lower: number, upper: number): readonly [number, number] {
  const push = Math.max(0, 13 - (lower - upper)) / 2;
  return [lower + push, upper - push];
}

/** Two significant digits, in the unit that reads best. */
export function formatMs(ms: number): string {
  const [value, unit] = ms < 0.1 ? [ms * 1000, 'µs'] : ms < 1000 ? [ms, 'ms'] : [ms / 1000, 's'];
  return `${Number(value.toPrecision(value < 100 ? 2 : 3))} ${unit}`;
}
