// voice: one stream in; clean audio, where speech starts and ends, and keywords out. Audio leaves as denoise gives it, 20 ms later
// at 16 kHz (22 at 24 to 48 kHz, 24 at 8); `vad.start` and `vad.end` {peak} and `keyword.alexa` {score} come as soon as they are decided.
// So results do not come in order of place: seq counts them as they come, [from, to) says where they belong, on the sender's rows
// for all of them, and what is decided by a hop comes in front of that hop's audio. vad.start: 80 ms after speech began (median;
// small: 88), with a `from` up to 150 ms before it; vad.end: 88 ms after the last speech (median; nine of ten within 164;
// small: 83 and 220), `to` 100 ms behind it at most: threshold/speech-segments.ts, docs/audio.md.
//   samples -> 16 kHz mono -> hops of 160 -+-> [40 mel bands -+-> stack -> keywords
//                                          |                  +-> stack -> speech segments]   (with `detector: own`)
//                                          +-> spectra -> stack -+-> filter -> samples
//                                                                +-> speech segments
// Shared: resampling, hops and mel bands. The denoiser's 20 ms spectra are others than the 25 ms ones of the mel bands, which the
// keyword model was trained on. The denoiser itself says where speech is, for almost nothing and as well as the model of its own
// that `detector: own` runs: an area under the ROC curve of .966 against .965 on the evaluation scenes (small: .963), and starts
// told sooner (`millrace evaluate vad`).

import { engineError } from '../src/base/errors.ts';
import type { Cell } from '../src/cell/cell.ts';
import { detect } from '../src/operator/detect/index.ts';
import { logMelHops } from '../src/operator/log-mel/index.ts';
import { overhear } from '../src/operator/overhear/index.ts';
import { rehop } from '../src/operator/rehop/index.ts';
import type { Stage } from '../src/operator/stage.ts';
import { DENOISED_SEGMENTS, SPEECH_SEGMENTS, threshold } from '../src/operator/threshold/index.ts';
import { cellStage } from '../src/pipeline/build-cell.ts';
import { buildStack } from '../src/pipeline/build-stack.ts';
import { definePipeline } from '../src/pipeline/define-pipeline.ts';
import type { OptionValues } from '../src/pipeline/options.ts';
import denoise from './denoise.ts';
import keyword, { FRONT_END, GRID, keywordStages, loadKeyword } from './keyword.ts';

interface Models {
  readonly denoise: Awaited<ReturnType<typeof denoise.load>>;
  readonly keyword: Awaited<ReturnType<typeof loadKeyword>>;
  readonly vad?: { readonly id: string; readonly cell: Cell };
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
      default: 'trunk',
      help: 'what says where speech is: the denoiser, or a model of its own',
    },
    words: words!,
    keyword_threshold: keywordThreshold!,
  },
  async load(open, options, engine) {
    const { cell, detector, segments: wanted } = options;
    if (engine.openCell) {
      throw engineError('ERR_OPTION_INVALID', `voice does not run on the engine ${engine.name}`, {
        expected: 'portable, relaxed or plain: its models answer in one turn',
      });
    }
    const vad = detector === 'own' && wanted !== 'off' ? await open(`vad2-${cell}`) : undefined;
    return {
      denoise: await denoise.load(open, { ...options, vad: 'off' }, engine),
      keyword: await loadKeyword(open, { cell: cell! }, engine),
      ...(vad && { vad: { id: vad.id, cell: buildStack(vad, { engine }) } }),
    };
  },
  modelIds: (models) => [
    ...denoise.modelIds(models.denoise),
    ...keyword.modelIds(models.keyword),
    ...(models.vad ? [models.vad.id] : []),
  ],
  stages(models, options, format, engine) {
    const fromTrunk = options.detector === 'trunk' && options.segments !== 'off';
    const [, ...clean] = denoise.stages(models.denoise, { ...options, vad: fromTrunk ? 'on' : 'off' }, format, engine);
    return [
      // Hop by hop, and not several at once as denoise takes them: else the order of results would hang on how rows came.
      rehop({ hopRows: GRID.spanRows, width: 1, rateHz: GRID.rateHz }),
      overhear([
        logMelHops({ ...FRONT_END, simd: engine.simd, slot: 'mel' }),
        ...(models.vad ? [overhear([...readings(models.vad.cell), segments(options)])] : []),
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
    ...(options.detector === 'trunk' ? DENOISED_SEGMENTS : SPEECH_SEGMENTS),
    readings: options.segments === 'readings' ? 'pass' : 'drop',
  });
