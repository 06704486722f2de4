// A recording and what a speech-activity model made of it, as one SVG: waveform, found and true segments, probability,
// latency. Plain arrays in, text out; the same arrays give the same text. Look: style.ts.

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
import { thinLine, thinSpans } from './thin.ts';

/** A probability over time: `p[i]` in 0..1 at `seconds[i]`. */
export interface ProbabilitySeries {
  /** How the line is called at its side, e.g. 'mamba2'. */
  readonly name: string;
  readonly seconds: ArrayLike<number>;
  readonly p: ArrayLike<number>;
}

/** [start, end) in seconds. */
export type Segment = readonly [start: number, end: number];

export interface AudioPicture {
  readonly title: string;
  readonly rateHz: number;
  /** One channel, in -1..1. */
  readonly samples: Float32Array;
  readonly speech: ProbabilitySeries;
  /** Another model's answer, drawn thin beside it. */
  readonly twin?: ProbabilitySeries;
  /** Where the probability counts as speech, default 0.5. */
  readonly threshold?: number;
  readonly detected: readonly Segment[];
  /** How many there were, where `detected` holds some that were too near each other to draw as one. */
  readonly detectedCount?: number;
  readonly truth?: readonly Segment[];
  /** x in seconds. */
  readonly latency: LatencySeries;
}

const WAVE: Extent = [4, 150];
const FOUND: Extent = [164, 174];
const TRUE: Extent = [180, 190];
const PROBABILITY: Extent = [226, 322];
const LATENCY: Extent = [360, 424];

export async function drawAudioPicture(picture: AudioPicture): Promise<string> {
  const { samples, rateHz, speech, twin, detected, truth, threshold = 0.5 } = picture;
  const seconds = samples.length / rateHz;
  const latency = latencyStrip(picture.latency, LATENCY);
  const wave = thinSpans(samples, PLOT.width);
  const peak = wave.reduce((most, { low, high }) => Math.max(most, high, -low), 0.01);
  const box = ([from, to]: Segment) => ({ from, to: Math.min(to, seconds) });
  return renderPicture({
    title: picture.title,
    subtitle: `${picture.detectedCount ?? detected.length} speech segments in ${seconds.toFixed(1)} s  ·  ${latency.summary}`,
    scales: [
      { name: 'x', type: 'linear', domain: [0, seconds], range: [0, PLOT.width], zero: false },
      { name: 'wave', type: 'linear', domain: [-peak, peak], range: [WAVE[1], WAVE[0]] },
      { name: 'p', type: 'linear', domain: [0, 1], range: [PROBABILITY[1], PROBABILITY[0]] },
      latency.scale,
    ],
    axes: [
      { orient: 'bottom', scale: 'x', title: 'seconds', tickCount: 12, tickSize: 4, labelFlush: true },
      yAxis('wave', { values: [-peak, 0, peak], format: '.2~f' }),
      yAxis('p', { values: [0, 0.5, 1], format: '~%' }),
      latency.axis,
    ],
    data: [
      { name: 'wave', values: wave.map(({ row, low, high }) => ({ x: row / rateHz, low, high })) },
      { name: 'detected', values: detected.map(box) },
      { name: 'truth', values: (truth ?? []).map(box) },
      { name: 'speech', values: thinLine(speech.seconds, speech.p, COLUMNS) },
      { name: 'twin', values: twin === undefined ? [] : thinLine(twin.seconds, twin.p, COLUMNS) },
      ...latency.data,
    ],
    marks: [
      boxes('detected', [WAVE[0], PROBABILITY[1]], COLOR.model, 0.08),
      panelTitle(WAVE, 'waveform'),
      area('wave', 'wave', COLOR.data),
      boxes('detected', FOUND, COLOR.model, 0.9, 2),
      label(MARGIN_X, middle(FOUND), 'found', COLOR.model),
      boxes('truth', TRUE, COLOR.truth, 0.9, 2),
      ...(truth === undefined ? [] : [label(MARGIN_X, middle(TRUE), 'true', COLOR.truth)]),
      panelTitle(PROBABILITY, 'speech probability'),
      level('p', threshold, COLOR.muted, [2, 3]),
      ...(twin === undefined ? [] : [line('twin', 'p', COLOR.twin, 1, 0.85), side(1, twin.name, COLOR.twin)]),
      line('speech', 'p', COLOR.model, 1.75),
      side(0, speech.name, COLOR.model),
      ...latency.marks,
    ],
  });
}

const middle = ([top, bottom]: Extent) => (top + bottom) / 2;
const side = (row: number, name: string, color: string) =>
  label(MARGIN_X, PROBABILITY[0] + 8 + 16 * row, name, color, { fontWeight: { value: row === 0 ? 600 : 400 } });
