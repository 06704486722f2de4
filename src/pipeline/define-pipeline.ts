// A pipeline is one file that says what it takes, which options it has, which models it needs and which stages run in
// which order. It is plain data and pure functions: the CLI, the server and the browser all run the same object.

import type { Stage } from '../operator/stage.ts';
import type { Model } from '../weights/tensor.ts';
import type { Engine } from './engine.ts';
import type { OptionSpec, OptionValues } from './options.ts';

/** What a stream brings in, after the session has checked it. */
export interface StreamFormat {
  /** Rows per second on the sender's clock; for irregular sensors the nominal rate, or 0 when there is none. */
  readonly rateHz: number;
  /** Values per row: channels of audio, columns of a sensor. */
  readonly width: number;
}

export interface PipelineInput {
  /** audio: evenly spaced samples, resampled to `rateHz` and mixed to `width`. sensor: rows as they come, NaN = missing. */
  readonly kind: 'audio' | 'sensor';
  /** Grid of the stages: 16000 for audio models; 0 for sensors, whose grid is the sender's own rows. */
  readonly rateHz: number;
  /** Values per row that the stages expect; 0: any. */
  readonly width: number;
  /** Grid rows per step. */
  readonly hopRows: number;
}

export interface Pipeline<M = unknown> {
  readonly name: string;
  /** One line for `millrace pipelines`. */
  readonly summary: string;
  readonly input: PipelineInput;
  /**
   * audio: its chunks are samples of one channel on the grid of `input`, and leave at the source's rate, as many as came.
   * Absent: readings.
   */
  readonly output?: 'audio';
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** Opens the models it needs, once per process and option set. `open(name)` is a folder of models/. */
  load(open: (name: string) => Promise<Model>, options: OptionValues, engine: Engine): Promise<M>;
  /** Pure; called once for each format, the stages serve all its streams. `format` is what the stages will see: `input.rateHz` and the width after mixing. */
  stages(models: M, options: OptionValues, format: StreamFormat, engine: Engine): readonly Stage[];
  /** Name of its arithmetic when that is not the engine's: ONNX Runtime's bits hold on one machine only. */
  readonly numerics?: string;
  /** Ids of the models a snapshot is bound to. */
  modelIds(models: M): readonly string[];
}

/** Types a pipeline literal; the compiler checks that `stages` takes what `load` gives. */
export function definePipeline<M>(pipeline: Pipeline<M>): Pipeline<M> {
  return pipeline;
}
