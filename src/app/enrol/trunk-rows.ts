// What a keyword model makes of a recording beside its words: rows of its embedding, one every 10 ms, with the loudness of the hop;
// and what it makes of running speech, which lies beside its weights. Any rate, any channels; the front end is the one that
// config.json says.

import { streamId } from '../../base/units.ts';
import type { Cell } from '../../cell/cell.ts';
import { carry } from '../../operator/carry/index.ts';
import { logMelHops } from '../../operator/log-mel/index.ts';
import { rehop } from '../../operator/rehop/index.ts';
import { scanCell } from '../../operator/scan-cell/index.ts';
import { loudness, readWords } from '../../operator/spot-words/index.ts';
import { buildStack } from '../../pipeline/build-stack.ts';
import { type LoadedPipeline, loadPipeline } from '../../pipeline/connect.ts';
import { definePipeline, type StreamFormat } from '../../pipeline/define-pipeline.ts';
import { Session } from '../../session/session.ts';
import { configReader } from '../../weights/config-reader.ts';
import { type Model, tensor } from '../../weights/tensor.ts';
import { systemClock } from '../clock.ts';

export interface TrunkRows {
  /** [hops] */
  readonly loud: Float32Array;
  /** [hops, width] */
  readonly rows: Float32Array;
  readonly width: number;
}

const SIZE_MAX = 65_536;
/** Silence around a recording: a model is sure of a word only up to 250 ms after its end. */
const PAD_SECONDS = 0.5;
/** Tensor [rows, width] of directions of running speech in the embedding. */
const BACKGROUND = 'background';

/** A recording with silence around it. */
export function padded(sound: Float32Array, { rateHz, width }: StreamFormat): Float32Array {
  const pad = Math.round(PAD_SECONDS * rateHz) * width;
  const whole = new Float32Array(sound.length + 2 * pad);
  whole.set(sound, pad);
  return whole;
}

/** @throws ERR_WEIGHTS_MISSING for a model without a background */
export function backgroundOf({ weights }: Model): Float64Array[] {
  const [rows = 0, width = 0] = weights.get(BACKGROUND)?.shape ?? [];
  const data = tensor(weights, BACKGROUND, [rows, width]);
  return Array.from({ length: rows }, (_, row) => Float64Array.from(data.subarray(row * width, (row + 1) * width)));
}

/** @throws ERR_CONFIG_INVALID for a model that is no keyword model with log-mel rows and an embedding */
export async function openTrunk(
  model: Model,
): Promise<(sound: Float32Array, source: StreamFormat) => Promise<TrunkRows>> {
  const millrace = configReader(model).section('millrace');
  const frontEnd = millrace.section('frontend');
  frontEnd.oneOf('type', ['log-mel']);
  const integer = (field: string): number => frontEnd.integer(field, { max: SIZE_MAX });
  const [rateHz, hopRows] = [integer('sample_rate'), integer('hop')];
  const mel = {
    ...{ sampleRateHz: rateHz, hopRows, windowRows: integer('window_length'), fftSize: integer('fft') },
    ...{ bands: integer('mels'), lowHz: frontEnd.number('f_min'), highHz: frontEnd.number('f_max') },
    ...{ window: 'hann' as const, floor: frontEnd.number('log_floor') },
  };
  millrace.section('ends').text('embedding');
  const heads = millrace.texts('words').length;
  readWords(millrace, heads);
  const pipeline = definePipeline<Cell>({
    name: 'trunk',
    summary: 'the embedding of a keyword model',
    input: { kind: 'audio', rateHz, width: 1, hopRows },
    options: {},
    load: async (_open, _options, engine) => buildStack(model, { engine, trunk: true }),
    modelIds: () => [model.id],
    stages: (cell, _options, _format, { simd }) => [
      rehop({ hopRows, width: 1, rateHz }),
      logMelHops({ ...mel, simd }),
      loudness(),
      carry({ width: 1, spanRows: hopRows }, scanCell(cell, { spanRows: hopRows, rateHz, slot: 'trunk' })),
    ],
  });
  const loaded = await loadPipeline(pipeline as never, {}, () => Promise.resolve(model));
  return (sound, source) => run(loaded, sound, source, heads);
}

async function run(
  loaded: LoadedPipeline,
  sound: Float32Array,
  source: StreamFormat,
  heads: number,
): Promise<TrunkRows> {
  const found: Float32Array[] = [];
  const session = new Session({
    id: streamId('recording'),
    loaded,
    source,
    clock: systemClock,
    onOutput: ({ item }) => void (item.kind === 'chunk' && found.push(item.data.slice())),
  });
  const second = source.rateHz * source.width;
  for (let at = 0; at < sound.length; at += second) {
    session.rows(sound.subarray(at, at + second));
    await session.idle();
  }
  session.mark('end');
  await session.idle();
  session.close();
  const width = (found[0]?.length ?? 1) - 1 - heads;
  const rows = new Float32Array(found.length * width);
  for (const [hop, row] of found.entries()) rows.set(row.subarray(1 + heads), hop * width);
  return { loud: Float32Array.from(found, (row) => row[0]!), rows, width };
}
