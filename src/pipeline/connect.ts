// Loads a pipeline's models, checks what its sources bring, and gives the stages for it (of audio: fit-source.ts).
// A `LoadedPipeline` is shared by every stream with the same options. Stages hold no state of a stream, only tables and
// scratch space, so streams of one format share them too: 80 kB a stream less, measured on vad.

import { engineError } from '../base/errors.ts';
import type { Stage } from '../operator/stage.ts';
import type { Model } from '../weights/tensor.ts';
import type { Pipeline, StreamFormat } from './define-pipeline.ts';
import { type Engine, loadEngine } from './engine.ts';
import type { fitSource } from './fit-source.ts';
import { type OptionValues, parseOptions } from './options.ts';

export interface LoadedPipeline {
  readonly pipeline: Pipeline;
  readonly options: OptionValues;
  readonly modelIds: readonly string[];
  /** Name of the arithmetic: the engine's, unless the pipeline computes elsewhere. */
  readonly numerics: string;
  /** The stages a stream of this format runs through, to its results. Throws ERR_FORMAT_UNSUPPORTED. */
  connect(source: StreamFormat): readonly Stage[];
}

/** Rates of real sound devices and files lie inside; outside, a typing error is likelier than a wish. */
const RATE_HZ_MIN = 4000;
const RATE_HZ_MAX = 192_000;
const CHANNELS_MAX = 16;
const COLUMNS_MAX = 256;

/** @param engine default: `portable`, the WebAssembly kernels with the same bits everywhere */
export async function loadPipeline(
  pipeline: Pipeline,
  given: Readonly<Record<string, unknown>>,
  open: (name: string) => Promise<Model>,
  engine?: Engine,
): Promise<LoadedPipeline> {
  const options = parseOptions(pipeline.options, given);
  const runsOn = engine ?? (await loadEngine());
  const models = await pipeline.load(open, options, runsOn);
  const adapt = pipeline.input.kind === 'audio' ? (await import('./fit-source.ts')).fitSource : asItComes;
  const built = new Map<string, readonly Stage[]>();
  return {
    pipeline,
    options,
    modelIds: pipeline.modelIds(models),
    numerics: pipeline.numerics ?? runsOn.numerics,
    connect(source) {
      checkFormat(pipeline, source);
      const key = `${source.rateHz} ${source.width}`;
      const stages =
        built.get(key) ?? adapt(pipeline, source, pipeline.stages(models, options, inside(pipeline, source), runsOn));
      if (built.size < FORMATS_MAX) built.set(key, stages);
      return stages;
    },
  };
}

/** Formats whose stages are kept: every rate and width in use is far fewer. */
const FORMATS_MAX = 64;

/** Rows of sensors go in as they are: what audio needs is not even loaded. */
const asItComes: typeof fitSource = (_pipeline, _source, stages) => stages;

/** What the stages of the pipeline see. */
function inside({ input }: Pipeline, source: StreamFormat): StreamFormat {
  return input.kind === 'sensor' ? source : { rateHz: input.rateHz, width: input.width };
}

function checkFormat(pipeline: Pipeline, source: StreamFormat): void {
  const { input, name } = pipeline;
  if (input.kind === 'audio') {
    if (!Number.isInteger(source.rateHz) || source.rateHz < RATE_HZ_MIN || source.rateHz > RATE_HZ_MAX) {
      throw engineError('ERR_FORMAT_UNSUPPORTED', `${name} cannot take audio at ${source.rateHz} Hz`, {
        expected: `an integer rate from ${RATE_HZ_MIN} to ${RATE_HZ_MAX} Hz`,
      });
    }
    if (!Number.isInteger(source.width) || source.width < 1 || source.width > CHANNELS_MAX) {
      throw engineError('ERR_FORMAT_UNSUPPORTED', `${name} cannot take ${source.width} channels`, {
        expected: `1 to ${CHANNELS_MAX} channels`,
      });
    }
    return;
  }
  if (!(source.rateHz >= 0) || source.rateHz > RATE_HZ_MAX) {
    throw engineError('ERR_FORMAT_UNSUPPORTED', `${name} cannot take sensor rows at ${source.rateHz} Hz`, {
      expected: `a rate from 0 (unknown) to ${RATE_HZ_MAX} Hz`,
    });
  }
  const fits = Number.isInteger(source.width) && source.width >= 1 && source.width <= COLUMNS_MAX;
  if (!fits || (input.width > 0 && source.width !== input.width)) {
    throw engineError('ERR_FORMAT_UNSUPPORTED', `${name} cannot take rows of ${source.width} columns`, {
      expected: input.width > 0 ? `${input.width} columns` : `1 to ${COLUMNS_MAX} columns`,
    });
  }
}
