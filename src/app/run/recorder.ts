// Keeps what a picture needs of a run, in bounded memory: of audio of any length the envelope, of a sensor its rows up to a
// bound, after which it stops keeping and is `full` (a forecast belongs to a row a number of rows on: rows cannot be joined).

import type { LoadedPipeline } from '../../pipeline/connect.ts';
import type { Output } from '../../session/session-options.ts';
import { drawAudioPicture } from '../picture/draw-audio-picture.ts';
import { drawSensorPicture } from '../picture/draw-sensor-picture.ts';
import type { Source } from '../source/source.ts';
import { Envelope } from './envelope.ts';
import { everyKth } from './every-kth.ts';
import type { ChunkSeen } from './run-stream.ts';
import type { SegmentList } from './segment-list.ts';

/** Rows of a sensor that are kept, in 48 bytes each. */
export const SENSOR_ROWS_MAX = 1_000_000;

export interface PictureExtras {
  readonly title: string;
  readonly segments: SegmentList;
}

export class Recorder {
  readonly #source: Source;
  readonly #loaded: LoadedPipeline;
  readonly #wave = new Envelope();
  readonly #readings = new Envelope();
  #nextRow = 0;
  readonly #latency = everyKth<{ x: number; ms: number }>();
  readonly #values: number[] = [];
  readonly #times: number[] = [];
  readonly #forecast = { mean: [] as number[], lower: [] as number[], upper: [] as number[] };
  readonly #anomaly: number[] = [];
  #rowsAhead = 1;
  #timed = false;

  constructor(source: Source, loaded: LoadedPipeline) {
    this.#source = source;
    this.#loaded = loaded;
  }

  /** True once it has stopped keeping. */
  get full(): boolean {
    return this.#values.length >= SENSOR_ROWS_MAX;
  }

  chunk({ rows, times, us, at, missing, hops }: ChunkSeen): void {
    if (this.full) return;
    const { width, rateHz, kind } = this.#source;
    const count = missing + rows.length / width;
    const valueAt = (i: number): number => (missing > 0 ? Number.NaN : rows[i * width]!);
    if (kind === 'audio') {
      for (; this.#nextRow < at; this.#nextRow++) this.#wave.add(this.#nextRow / rateHz, Number.NaN); // resumed: not heard
      for (let i = 0; i < count; i++) this.#wave.add((at + i) / rateHz, valueAt(i));
      this.#nextRow = at + count;
    } else {
      this.#timed ||= times !== undefined;
      for (let i = 0; i < count; i++) {
        this.#values.push(valueAt(i));
        this.#times.push(times ? times[i]! / 1000 : this.#timed ? (this.#times.at(-1) ?? Number.NaN) : at + i);
      }
    }
    if (missing > 0) return;
    const x = kind === 'audio' ? at / rateHz : times ? times[0]! / 1000 : at;
    this.#latency.add({ x, ms: us / 1000 / hops });
  }

  output({ item }: Output): void {
    if (this.full) return;
    if (item.kind === 'detection') {
      this.#readings.add(item.to / this.#source.rateHz, Object.values(item.values)[0]!);
    }
    if (item.kind === 'gap' && this.#source.kind === 'sensor') {
      for (let row = item.from; row < item.to; row++) this.#keep(Number.NaN, Number.NaN, Number.NaN, Number.NaN);
    }
    if (item.kind !== 'forecast') return;
    const last = item.horizons.length - 1;
    const of = (values: Float32Array): number => values[last * item.width]!;
    this.#rowsAhead = Math.max(this.#rowsAhead, item.horizons[last]!);
    this.#keep(of(item.mean), of(item.lower), of(item.upper), item.anomaly[0]!);
  }

  /** The picture as SVG text: of the first channel or column. */
  draw(extras: PictureExtras): Promise<string> {
    const latency = { x: this.#latency.kept.map(({ x }) => x), ms: this.#latency.kept.map(({ ms }) => ms) };
    return this.#source.kind === 'audio' ? this.#drawAudio(extras, latency) : this.#drawSensor(extras, latency);
  }

  #keep(mean: number, lower: number, upper: number, anomaly: number): void {
    this.#forecast.mean.push(mean);
    this.#forecast.lower.push(lower);
    this.#forecast.upper.push(upper);
    this.#anomaly.push(anomaly);
  }

  #drawAudio({ title, segments }: PictureExtras, latency: { x: number[]; ms: number[] }): Promise<string> {
    const samples = this.#wave.points().y;
    const { x: seconds, y: p } = this.#readings.points();
    return drawAudioPicture({
      title,
      rateHz: (samples.length * this.#source.rateHz) / this.#nextRow, // evenly spaced but for the last run, which is narrower than a pixel
      samples,
      speech: { name: String(this.#loaded.options.cell ?? this.#loaded.pipeline.name), seconds, p },
      detected: segments.drawn,
      detectedCount: segments.count,
      latency,
    });
  }

  #drawSensor({ title }: PictureExtras, latency: { x: number[]; ms: number[] }): Promise<string> {
    const dated = this.#times[0]! > 1e9;
    return drawSensorPicture({
      title,
      quantity: this.#source.names[0] ?? 'value',
      times: this.#times,
      timeUnit: dated ? 'date' : 'rows',
      values: this.#values,
      forecast: { rowsAhead: this.#rowsAhead, ...this.#forecast },
      anomaly: this.#anomaly,
      latency,
    });
  }
}
