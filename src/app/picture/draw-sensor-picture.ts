// A sensor's series and what a forecaster made of it, as one SVG: values with the band forecast for them, holes, anomalies,
// their score, latency. Plain arrays in, text out; the same arrays give the same text. Look: style.ts.

import type { Mark, Scale } from 'vega';
import { type LatencySeries, latencyStrip } from './latency-strip.ts';
import {
  area,
  boxes,
  COLOR,
  COLUMNS,
  type Extent,
  label,
  level,
  line,
  MARGIN_X,
  PLOT,
  panelTitle,
  renderPicture,
  yAxis,
} from './style.ts';
import { quantile, thinLine, thinSpans } from './thin.ts';

/** What was forecast at row i for row i + `rowsAhead`: arrays [rows], NaN where nothing was known yet. */
export interface ForecastSeries {
  readonly rowsAhead: number;
  readonly mean: ArrayLike<number>;
  readonly lower: ArrayLike<number>;
  readonly upper: ArrayLike<number>;
}

export interface SensorPicture {
  readonly title: string;
  /** What the values are, with their unit: 'temp_max, °C'. */
  readonly quantity: string;
  /** Time of each row, ascending: milliseconds since 1970 if `timeUnit` is 'date', else in that unit (e.g. 's'). */
  readonly times: ArrayLike<number>;
  readonly timeUnit: 'date' | 's' | 'rows';
  /** [rows], NaN where a value is missing. */
  readonly values: ArrayLike<number>;
  readonly forecast: ForecastSeries;
  /** [rows], 0 expected, 1 at the edge of what the recent past explains, NaN unknown. */
  readonly anomaly: ArrayLike<number>;
  /** Score from which a row is marked, default 1. */
  readonly threshold?: number;
  /** x on the axis of `times`. */
  readonly latency: LatencySeries;
}

const SERIES: Extent = [4, 232];
const SCORE: Extent = [268, 324];
const LATENCY: Extent = [362, 424];
const MARKED_MAX = 200; // circles drawn; the score strip shows the rest

export async function drawSensorPicture(picture: SensorPicture): Promise<string> {
  const { times, values, forecast, anomaly, timeUnit, threshold = 1 } = picture;
  const latency = latencyStrip(picture.latency, LATENCY);
  const targets = targetTimes(times, forecast.rowsAhead);
  const marked = strongest(anomaly, values, threshold);
  const scoreMax = Math.min(4, Math.max(1.5, quantile(anomaly, 1) / threshold || 0)) * threshold; // one wild value must not flatten the rest
  const [low, high] = extentOf(values, forecast);
  return renderPicture({
    title: picture.title,
    subtitle: [
      `${picture.quantity}, forecast ${forecast.rowsAhead} ${forecast.rowsAhead === 1 ? 'row' : 'rows'} ahead`,
      `${marked.count} of ${values.length} rows anomalous`,
      latency.summary,
    ].join('  ·  '),
    scales: [
      timeScale(timeUnit, [times[0] ?? 0, targets.at(-1) ?? 1]),
      {
        name: 'value',
        type: 'linear',
        domain: [low, high],
        range: [SERIES[1], SERIES[0]],
        zero: false,
        clamp: true,
      },
      { name: 'score', type: 'linear', domain: [0, scoreMax], range: [SCORE[1], SCORE[0]], clamp: true },
      latency.scale,
    ],
    axes: [
      {
        orient: 'bottom',
        scale: 'x',
        tickCount: 10,
        tickSize: 4,
        labelFlush: true,
        ...(timeUnit === 'date' ? {} : { title: timeUnit === 's' ? 'seconds' : 'rows' }),
      },
      yAxis('value', { tickCount: 5 }),
      yAxis('score', { values: [0, threshold] }),
      latency.axis,
    ],
    data: [
      { name: 'holes', values: holesOf(times, values) },
      { name: 'band', values: band(targets, forecast) },
      { name: 'mean', values: thinLine(targets, forecast.mean, COLUMNS) },
      { name: 'values', values: thinLine(times, values, COLUMNS) },
      { name: 'marked', values: marked.rows.map((i) => ({ x: times[i]!, y: values[i]! })) },
      {
        name: 'score',
        values: thinSpans(anomaly, COLUMNS).map(({ row, high }) => ({ x: times[row]!, low: high * 0, high })),
      },
      ...latency.data,
    ],
    marks: [...seriesMarks(picture.quantity), ...scoreMarks(threshold, scoreMax), ...latency.marks],
  });
}

function timeScale(unit: SensorPicture['timeUnit'], domain: [number, number]): Scale {
  const range: [number, number] = [0, PLOT.width];
  if (unit === 'date') return { name: 'x', type: 'utc', domain, range };
  return { name: 'x', type: 'linear', domain, range, zero: false };
}

function seriesMarks(quantity: string): Mark[] {
  return [
    boxes('holes', [SERIES[0], SCORE[1]], COLOR.hole),
    panelTitle(SERIES, quantity),
    area('band', 'value', COLOR.model, 0.2),
    line('mean', 'value', COLOR.model, 1.25),
    line('values', 'value', COLOR.ink, 1, 0.75),
    {
      type: 'symbol',
      from: { data: 'marked' },
      encode: {
        enter: {
          x: { scale: 'x', field: 'x' },
          y: { scale: 'value', field: 'y' },
          size: { value: 42 },
          fill: { value: COLOR.card },
          stroke: { value: COLOR.alarm },
          strokeWidth: { value: 1.75 },
        },
      },
    },
    label(MARGIN_X, SERIES[0] + 8, 'measured', COLOR.ink),
    label(MARGIN_X, SERIES[0] + 24, 'forecast', COLOR.model),
    label(MARGIN_X, SERIES[0] + 40, 'anomaly', COLOR.alarm),
    label(MARGIN_X, SERIES[0] + 56, 'shaded: missing'),
  ];
}

const scoreMarks = (threshold: number, scoreMax: number): Mark[] => [
  panelTitle(SCORE, 'anomaly score'),
  area('score', 'score', COLOR.alarm, 0.65),
  level('score', threshold, COLOR.alarm, [2, 3]),
  label(MARGIN_X, SCORE[1] - ((SCORE[1] - SCORE[0]) * threshold) / scoreMax, 'threshold', COLOR.alarm),
];

/** The time each row's forecast is for: its row's own, moved on; beyond the last row by the usual step. */
function targetTimes(times: ArrayLike<number>, rowsAhead: number): number[] {
  const n = times.length;
  const step = usualStep(times);
  return Array.from({ length: n }, (_, i) =>
    i + rowsAhead < n ? times[i + rowsAhead]! : times[n - 1]! + (i + rowsAhead - n + 1) * step,
  );
}

/** The median distance between rows. */
function usualStep(times: ArrayLike<number>): number {
  const steps = Array.from({ length: Math.max(0, times.length - 1) }, (_, i) => times[i + 1]! - times[i]!);
  return steps.sort((a, b) => a - b)[steps.length >> 1] ?? 1;
}

/** Where nothing was measured: runs of NaN, and jumps in time of more than three usual steps. */
function holesOf(times: ArrayLike<number>, values: ArrayLike<number>): { from: number; to: number }[] {
  const [holes, step] = [[] as { from: number; to: number }[], usualStep(times)];
  let last = -1; // the last row with a value
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) continue;
    if (last >= 0 && (i > last + 1 || times[i]! - times[last]! > 3 * step)) {
      holes.push({ from: times[last]!, to: times[i]! });
    }
    last = i;
  }
  return holes;
}

/** Both edges run over the same rows, so their columns are the same. */
function band(targets: readonly number[], { lower, upper }: ForecastSeries) {
  const highs = thinSpans(upper, COLUMNS);
  return thinSpans(lower, COLUMNS).map(({ row, low }, i) => ({ x: targets[row]!, low, high: highs[i]!.high }));
}

/** Rows at or over the threshold, and the strongest of them in order of time. */
function strongest(anomaly: ArrayLike<number>, values: ArrayLike<number>, threshold: number) {
  const over = Array.from({ length: anomaly.length }, (_, i) => i).filter(
    (i) => anomaly[i]! >= threshold && !Number.isNaN(values[i]),
  );
  const rows = [...over].sort((a, b) => anomaly[b]! - anomaly[a]! || a - b).slice(0, MARKED_MAX);
  return { count: over.length, rows: rows.sort((a, b) => a - b) };
}

/** What the value axis spans: all values, and the band as far as it is not wild (a third of the measured range to each side). */
function extentOf(values: ArrayLike<number>, { lower, upper }: ForecastSeries): readonly [number, number] {
  const least = (all: ArrayLike<number>) => quantile(all, 0);
  const most = (all: ArrayLike<number>) => quantile(all, 1);
  const [bottom, top] = Number.isNaN(least(values)) ? [0, 1] : [least(values), most(values)];
  const range = top - bottom || 1;
  const within = (edge: number, fallback: number) => (Number.isNaN(edge) ? fallback : edge);
  return [
    Math.max(Math.min(bottom, within(least(lower), bottom)), bottom - range / 3),
    Math.min(Math.max(top, within(most(upper), top)), top + range / 3),
  ];
}
