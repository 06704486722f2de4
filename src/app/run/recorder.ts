// Keeps what a picture needs of a run, up to a bound: after half an hour of 16 kHz audio it stops keeping and is `full`.

import type { LoadedPipeline } from '../../pipeline/connect.ts';
import type { Output } from '../../session/session.ts';
import { drawAudioPicture, type Segment } from '../picture/draw-audio-picture.ts';
import { drawSensorPicture } from '../picture/draw-sensor-picture.ts';
import type { Source } from '../source/source.ts';
import type { ChunkSeen } from './run-stream.ts';

const NOTHING = { mean: Number.NaN, lower: Number.NaN, upper: Number.NaN, anomaly: Number.NaN, ahead: 0 };
const VALUES_MAX = 30 * 60 * 16_000;

export interface PictureExtras {
  readonly title: string;
  readonly segments: readonly Segment[];
}

export class Recorder {
  readonly #source: Source;
  readonly #loaded: LoadedPipeline;
  #values: number[] = [];
  #times: number[] = [];
  #latencyAt: number[] = [];
  #latencyMs: number[] = [];
  #readings: { at: number; value: number }[] = [];
  #forecasts: { mean: number; lower: number; upper: number; anomaly: number; ahead: number }[] = [];

  constructor(source: Source, loaded: LoadedPipeline) {
    this.#source = source;
    this.#loaded = loaded;
  }

  /** True once it has stopped keeping. */
  get full(): boolean {
    return this.#values.length >= VALUES_MAX;
  }

  chunk({ rows, times, us, at, missing }: ChunkSeen): void {
    if (this.full) return;
    const { width, rateHz, kind } = this.#source;
    const x = kind === 'audio' ? at / rateHz : times ? times[0]! / 1000 : at;
    for (let i = 0; i < missing; i++) this.#keep(Number.NaN, x);
    for (let row = 0; row * width < rows.length; row++)
      this.#keep(rows[row * width]!, times ? times[row]! / 1000 : at + row);
    if (missing > 0) return;
    this.#latencyAt.push(x);
    this.#latencyMs.push(us / 1000);
  }

  output({ item }: Output): void {
    if (this.full) return;
    if (item.kind === 'detection') {
      this.#readings.push({ at: item.to / this.#source.rateHz, value: Object.values(item.values)[0]! });
    }
    if (item.kind === 'gap' && this.#source.kind === 'sensor') {
      for (let row = item.from; row < item.to; row++) this.#forecasts.push(NOTHING);
    }
    if (item.kind !== 'forecast') return;
    const last = item.horizons.length - 1;
    const pick = (values: Float32Array): number => values[last * item.width]!;
    const anomaly = item.anomaly[0]!;
    const ahead = item.horizons[last]!;
    this.#forecasts.push({ mean: pick(item.mean), lower: pick(item.lower), upper: pick(item.upper), anomaly, ahead });
  }

  /** The picture as SVG text: of the first channel or column. */
  draw(extras: PictureExtras): Promise<string> {
    const latency = { x: this.#latencyAt, ms: this.#latencyMs };
    return this.#source.kind === 'audio' ? this.#drawAudio(extras, latency) : this.#drawSensor(extras, latency);
  }

  #keep(value: number, time: number): void {
    this.#values.push(value);
    if (this.#source.kind === 'sensor') this.#times.push(time);
  }

  #drawAudio({ title, segments }: PictureExtras, latency: { x: number[]; ms: number[] }): Promise<string> {
    const seconds = this.#readings.map(({ at }) => at);
    const cell = String(this.#loaded.options.cell ?? this.#loaded.pipeline.name);
    return drawAudioPicture({
      title,
      rateHz: this.#source.rateHz,
      samples: Float32Array.from(this.#values),
      speech: { name: cell, seconds, p: this.#readings.map(({ value }) => value) },
      detected: segments,
      latency,
    });
  }

  #drawSensor({ title }: PictureExtras, latency: { x: number[]; ms: number[] }): Promise<string> {
    const of = (key: 'mean' | 'lower' | 'upper' | 'anomaly'): number[] =>
      this.#forecasts.map((forecast) => forecast[key]);
    const dated = this.#times[0]! > 1e9;
    return drawSensorPicture({
      title,
      quantity: this.#source.names[0] ?? 'value',
      times: this.#times,
      timeUnit: dated ? 'date' : 'rows',
      values: this.#values,
      forecast: {
        rowsAhead: Math.max(1, ...this.#forecasts.slice(0, 1000).map(({ ahead }) => ahead)),
        mean: of('mean'),
        lower: of('lower'),
        upper: of('upper'),
      },
      anomaly: of('anomaly'),
      latency,
    });
  }
}
