// denoise: speech without what lies around it. Audio in, audio out on the same rows, 20 ms later at 16 kHz: a hop of 10 ms and
// the hop that completes it; 22 ms at 24 to 48 kHz and 24 at 8, for each of two resamplers looks 1 ms (2 at 8 kHz) ahead. These keep
// what lies under 6.8 kHz (3.4) as it is and end at 9.2 (4.6). A causal stack (26 KB of state small, 132 KB full) sees each
// spectrum against the running level and answers with a gain for each bin and a filter of three hops for the lowest; its speech
// head can be listened to as well.
//   samples at any rate -> 16 kHz mono -> hops of 160 -> 20 ms spectra -> [spectrum | row] -> stack -> filter -> samples
// Models and their honest figures: models/denoise-*/README.md. The same in PyTorch: train/denoise_net.py.

import { pow10 } from '../src/base/math.ts';
import { type AsyncCell, type Cell, LOWERED_ROWS_MAX } from '../src/cell/cell.ts';
import { carry } from '../src/operator/carry/index.ts';
import { istft } from '../src/operator/istft/index.ts';
import { type FrontEnd, levelSpectrum, readFrontEnd } from '../src/operator/level-spectrum/index.ts';
import { rehop } from '../src/operator/rehop/index.ts';
import { type FilterRowsOptions, readHeads, spectralFilter } from '../src/operator/spectral-filter/index.ts';
import { stft } from '../src/operator/stft/index.ts';
import { buildCell, cellStage } from '../src/pipeline/build-cell.ts';
import { definePipeline } from '../src/pipeline/define-pipeline.ts';
import { configReader } from '../src/weights/config-reader.ts';
import type { Model } from '../src/weights/tensor.ts';

const RATE_HZ = 16_000;
const HOP_ROWS = 160;
const GRID = { spanRows: HOP_ROWS, rateHz: RATE_HZ };
/** dB: from here on "at most so much quieter" is no limit. */
const NO_LIMIT_DB = 100;

interface Models {
  readonly id: string;
  readonly cell: Cell | AsyncCell;
  readonly frontEnd: FrontEnd;
  readonly filter: Omit<FilterRowsOptions, 'least' | 'strength'>;
}

export default definePipeline<Models>({
  name: 'denoise',
  summary: 'speech without noise: cleaned audio, 20 ms later',
  input: { kind: 'audio', rateHz: RATE_HZ, width: 1, hopRows: HOP_ROWS },
  output: 'audio',
  options: {
    model: {
      type: 'choice',
      values: ['full', 'small'],
      default: 'full',
      help: 'full: the better one; small: a quarter of its cost',
    },
    cell: { type: 'choice', values: ['ssm', 'attention'], default: 'ssm', help: 'sequence model' },
    strength: {
      type: 'number',
      default: 1,
      min: 0,
      max: 1,
      help: 'share of the cleaned sound, bin by bin; the rest is the sound as it came',
    },
    max_attenuation: {
      type: 'number',
      default: NO_LIMIT_DB,
      min: 0,
      max: NO_LIMIT_DB,
      help: `dB by which a bin gets quieter at most; ${NO_LIMIT_DB}: no limit`,
    },
    vad: {
      type: 'choice',
      values: ['off', 'on'],
      default: 'off',
      help: 'also report the probability of speech per 10 ms',
    },
  },
  async load(open, { model: size, cell }, engine) {
    const model = await open(size === 'small' ? `denoise-small-${cell}` : `denoise-${cell}`);
    const stack = await buildCell(model, { engine });
    return { id: model.id, cell: stack, ...readEnds(model, stack) };
  },
  modelIds: ({ id }) => [id],
  stages: ({ cell, frontEnd: { frames, level }, filter }, options, _format, { simd }) => [
    rehop({ hopRows: HOP_ROWS, width: 1, rateHz: RATE_HZ, hopsMax: LOWERED_ROWS_MAX }),
    stft({ ...frames, tail: true, simd }),
    levelSpectrum({ ...GRID, ...level, phaseBins: (cell.dIn - level.bins) / 2, simd }),
    carry({ width: 2 * level.bins, spanRows: HOP_ROWS }, cellStage(cell, { ...GRID, slot: 'stack' })),
    spectralFilter({
      ...GRID,
      ...filter,
      strength: Number(options.strength),
      least: leastGain(Number(options.max_attenuation)),
      ...(options.vad === 'on' && { detection: 'vad' }),
      simd,
    }),
    istft({ ...frames, rateHz: RATE_HZ, simd }),
  ],
});

/** The two ends of the model: what its rows are made of and what its answers mean. */
function readEnds(model: Model, { dIn, dOut }: Cell | AsyncCell): Pick<Models, 'frontEnd' | 'filter'> {
  const config = configReader(model).section('millrace');
  config.oneOf('task', ['denoise']);
  const frontEnd = readFrontEnd(config.section('frontend'), { rateHz: RATE_HZ, hopRows: HOP_ROWS });
  const { bins } = frontEnd.level;
  const phaseBins = (dIn - bins) / 2;
  if (!(Number.isInteger(phaseBins) && phaseBins >= 0 && phaseBins <= bins)) {
    throw config.wrong('frontend', `bins such that the model's ${dIn} inputs are bins + 2 bins with phase`);
  }
  const activated = config.section('ends').text('activation', 'none') === 'sigmoid';
  return { frontEnd, filter: readHeads(config.section('heads'), { bins, width: dOut, activated }) };
}

/** dB of attenuation as a factor. */
const leastGain = (attenuationDb: number): number => (attenuationDb >= NO_LIMIT_DB ? 0 : pow10(-attenuationDb / 20));
