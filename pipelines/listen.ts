// listen: where speech starts and ends, and which keywords are said, of one stream: what vad and keyword say of it, to the bit, from
// shared mel bands. For who has no use for the clean audio of voice: six tenths of the cost of its small model.
//   samples at any rate -> 16 kHz mono -> hops of 160 -> 40 mel bands -+-> stack -> keyword.alexa {score}
//                                                                      +-> stack -> vad {speech} -> vad.start, vad.end {peak}
// Results come as soon as they are decided, so not in order of place: seq counts them as they come, [from, to) says where they belong,
// on the sender's rows for all of them. A keyword comes in front of the reading of the hop that decided it. When what is told, and
// how well: vad.ts and keyword.ts.

import { engineError } from '../src/base/errors.ts';
import { logMelHops } from '../src/operator/log-mel/index.ts';
import { overhear } from '../src/operator/overhear/index.ts';
import { rehop } from '../src/operator/rehop/index.ts';
import { SPEECH_SEGMENTS, threshold } from '../src/operator/threshold/index.ts';
import { definePipeline } from '../src/pipeline/define-pipeline.ts';
import keyword, { FRONT_END, GRID, keywordStages, loadKeyword } from './keyword.ts';
import vad from './vad.ts';

interface Models {
  readonly vad: Awaited<ReturnType<typeof vad.load>>;
  readonly keyword: Awaited<ReturnType<typeof loadKeyword>>;
}

const { edition } = vad.options;
const { words, threshold: keywordThreshold } = keyword.options;

export default definePipeline<Models>({
  name: 'listen',
  summary: 'speech segments and keywords of one stream',
  input: vad.input,
  options: {
    cell: { type: 'choice', values: ['ssm', 'attention'], default: 'ssm', help: 'sequence model, of both' },
    edition: edition!,
    segments: {
      type: 'choice',
      values: ['on', 'readings'],
      default: 'on',
      help: 'where speech starts and ends; readings: also its probability every 10 ms',
    },
    words: words!,
    keyword_threshold: keywordThreshold!,
  },
  async load(open, { cell, edition }, engine) {
    if (engine.openCell) {
      throw engineError('ERR_OPTION_INVALID', `listen does not run on the engine ${engine.name}`, {
        expected: 'portable, relaxed or plain: its models answer in one turn',
      });
    }
    return {
      vad: await vad.load(open, { cell: cell!, edition: edition! }, engine),
      keyword: await loadKeyword(open, { cell: cell! }, engine),
    };
  },
  modelIds: (models) => [...vad.modelIds(models.vad), ...keyword.modelIds(models.keyword)],
  stages(models, options, format, engine) {
    const [, , ...readings] = vad.stages(models.vad, { segments: 'off' }, format, engine);
    return [
      // Hop by hop, and not several at once as vad and keyword take them: else the order of results would hang on how rows came.
      rehop({ hopRows: GRID.spanRows, width: 1, rateHz: GRID.rateHz }),
      logMelHops({ ...FRONT_END, simd: engine.simd }),
      overhear(keywordStages(models.keyword, { ...options, threshold: options.keyword_threshold! })),
      ...readings,
      threshold({ ...SPEECH_SEGMENTS, readings: options.segments === 'readings' ? 'pass' : 'drop' }),
    ];
  },
});
