// voice: one stream in; clean audio, where speech starts and ends, and keywords out. Audio leaves as denoise gives it, 20 ms later
// at 16 kHz (22 at 24 to 48 kHz, 24 at 8); `vad.start` and `vad.end` {peak} and `keyword.alexa` {score} come as soon as they are decided.
// So results do not come in order of place: seq counts them as they come, [from, to) says where they belong, on the sender's rows
// for all of them, and what is decided by a hop comes in front of that hop's audio. vad.start: 50 ms after speech began, with a
// `from` up to 150 ms before it; vad.end: 120 ms after the last speech, `to` 100 ms behind it.
//   samples -> 16 kHz mono -> hops of 160 -+-> [40 mel bands -+-> stack -> speech segments]   (or from the denoiser's own head)
//                                          |                  +-> stack -> keywords
//                                          +-> spectra -> stack -> filter -> samples
// Shared: resampling, hops and mel bands. The denoiser's 20 ms spectra are others than the 25 ms ones of the mel bands, which the
// two small models were trained on. `detector: trunk` drops one model of the three: the denoiser says itself where speech is.

import { engineError } from '../src/base/errors.ts';
import type { Cell } from '../src/cell/cell.ts';
import { detect } from '../src/operator/detect/index.ts';
import { logMelHops } from '../src/operator/log-mel/index.ts';
import { overhear } from '../src/operator/overhear/index.ts';
import { rehop } from '../src/operator/rehop/index.ts';
import type { Stage } from '../src/operator/stage.ts';
import { threshold } from '../src/operator/threshold/index.ts';
import { cellStage } from '../src/pipeline/build-cell.ts';
import { buildStack } from '../src/pipeline/build-stack.ts';
import { definePipeline } from '../src/pipeline/define-pipeline.ts';
import type { OptionValues } from '../src/pipeline/options.ts';
import denoise from './denoise.ts';
import keyword, { FRONT_END, GRID, keywordStages, loadKeyword } from './keyword.ts';

/** Of who listens live: an end is told 120 ms after the last loud reading, so that it is known within 200 ms. */
const SEGMENTS = { on: 0.6, off: 0.4, minOnRows: 800, hangRows: 1920, preRollRows: 2400, tailRows: 1600 };

interface Models {
  readonly denoise: Awaited<ReturnType<typeof denoise.load>>;
  readonly keyword: Awaited<ReturnType<typeof loadKeyword>>;
  readonly vad: { readonly id: string; readonly cell: Cell };
}

const { vad: _, cell: __, ...cleaning } = denoise.options;
const { words, threshold: keywordThreshold } = keyword.options;

export default definePipeline<Models>({
  name: 'voice',
  summary: 'clean audio, speech segments and keywords of one stream',
  input: denoise.input,
  output: 'audio',
  options: {
    ...cleaning,
    cell: { type: 'choice', values: ['ssm', 'attention'], default: 'ssm', help: 'sequence model, of all three' },
    segments: {
      type: 'choice',
      values: ['on', 'readings', 'off'],
      default: 'on',
      help: 'where speech starts and ends; readings: also its probability every 10 ms',
    },
    detector: {
      type: 'choice',
      values: ['own', 'trunk'],
      default: 'own',
      help: 'what says where speech is: a model of its own, or the denoiser',
    },
    words: words!,
    keyword_threshold: keywordThreshold!,
  },
  async load(open, options, engine) {
    const { cell } = options;
    if (engine.openCell) {
      throw engineError('ERR_OPTION_INVALID', `voice does not run on the engine ${engine.name}`, {
        expected: 'portable, relaxed or plain: its models answer in one turn',
      });
    }
    const vad = await open(`vad2-${cell}`);
    return {
      denoise: await denoise.load(open, { ...options, vad: 'off' }, engine),
      keyword: await loadKeyword(open, { cell: cell! }, engine),
      vad: { id: vad.id, cell: buildStack(vad, { engine }) },
    };
  },
  modelIds: (models) => [...denoise.modelIds(models.denoise), ...keyword.modelIds(models.keyword), models.vad.id],
  stages(models, options, format, engine) {
    const fromTrunk = options.detector === 'trunk' && options.segments !== 'off';
    const [, ...clean] = denoise.stages(models.denoise, { ...options, vad: fromTrunk ? 'on' : 'off' }, format, engine);
    const own = options.detector === 'own' && options.segments !== 'off';
    return [
      // Hop by hop, and not several at once as denoise takes them: else the order of results would hang on how rows came.
      rehop({ hopRows: GRID.spanRows, width: 1, rateHz: GRID.rateHz }),
      overhear([
        logMelHops({ ...FRONT_END, simd: engine.simd, slot: 'mel' }),
        ...(own ? [overhear([...readings(models.vad.cell), segments(options)])] : []),
        ...keywordStages(models.keyword, { ...options, threshold: options.keyword_threshold!, probabilities: 'off' }),
      ]),
      ...clean,
      ...(fromTrunk ? [segments(options)] : []),
    ];
  },
});

const readings = (cell: Cell): readonly Stage[] => [
  cellStage(cell, { ...GRID, slot: 'vad' }),
  detect({ ...GRID, name: 'vad', values: ['speech'] }),
];

const segments = (options: OptionValues): Stage =>
  threshold({
    ...SEGMENTS,
    ...{ name: 'vad', value: 'speech', rateHz: GRID.rateHz },
    readings: options.segments === 'readings' ? 'pass' : 'drop',
  });
