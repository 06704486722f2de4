// keyword: which word was that? One result for an utterance of one of eighteen words (eight wake words and the ten digits), none
// for anything else. On the wire, in JSON, protobuf and framed alike, a space in a word being _:
//   {"type":"result","seq":0,"op":"keyword.smart_mirror","from":16480,"to":26560,"final":true,"data":{"score":0.93}}
// [from, to) is where the word lay, on the sender's rows; it is over by then. `to` is where the model was sure, `from` where the
// sound before that began, 1.2 s earlier at most. With `probabilities`, op "keyword" has a value for each word every 10 ms.
//   samples at any rate -> 16 kHz mono -> hops of 160 -> 40 mel bands -> stack -> [loudness | p] -> one answer an utterance
// Words of your own: `millrace enrol`, without training, then `millrace run words.json`. Models and their honest figures: models/keyword-*/README.md.

import { engineError } from '../src/base/errors.ts';
import { type AsyncCell, type Cell, LOWERED_ROWS_MAX } from '../src/cell/cell.ts';
import { carry } from '../src/operator/carry/index.ts';
import { logMelHops } from '../src/operator/log-mel/index.ts';
import { type EnrolledWords, matchWords, readEnrolled } from '../src/operator/match-words/index.ts';
import { rehop } from '../src/operator/rehop/index.ts';
import { type KeywordHeads, loudness, readWords, SETTLING, spotWords } from '../src/operator/spot-words/index.ts';
import type { Stage } from '../src/operator/stage.ts';
import { buildCell, cellStage } from '../src/pipeline/build-cell.ts';
import { buildStack } from '../src/pipeline/build-stack.ts';
import { definePipeline } from '../src/pipeline/define-pipeline.ts';
import type { Engine } from '../src/pipeline/engine.ts';
import type { OptionValues } from '../src/pipeline/options.ts';
import { configReader } from '../src/weights/config-reader.ts';
import type { Model } from '../src/weights/tensor.ts';

const RATE_HZ = 16_000;
const HOP_ROWS = 160;
export const GRID = { spanRows: HOP_ROWS, rateHz: RATE_HZ };
/** 25 ms windows, 40 mel bands: what the models were trained on. */
export const FRONT_END = {
  ...({ sampleRateHz: RATE_HZ, hopRows: HOP_ROWS, windowRows: 400, window: 'hann', fftSize: 512 } as const),
  ...{ bands: 40, lowHz: 20, highHz: 8000, floor: 1e-6 },
};

/** Where the score of an enrolled word begins to count: matchWords puts every word's threshold there. */
const ENROLLED = 0.5;

const WAKE = ['alexa', 'amelia', 'athena', 'computer', 'jarvis', 'smart_mirror', 'snowboy', 'view_glass'];
const DIGITS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const GROUPS: Readonly<Record<string, readonly string[]>> = { all: [...WAKE, ...DIGITS], wake: WAKE, digits: DIGITS };

interface KeywordModels {
  readonly id: string;
  readonly cell: Cell | AsyncCell;
  readonly heads: KeywordHeads;
  readonly enrolled?: EnrolledWords & { readonly id: string };
}

export default definePipeline<KeywordModels>({
  name: 'keyword',
  summary: 'wake words and digits: one answer an utterance',
  input: { kind: 'audio', rateHz: RATE_HZ, width: 1, hopRows: HOP_ROWS },
  options: {
    cell: { type: 'choice', values: ['ssm', 'attention'], default: 'ssm', help: 'sequence model' },
    words: {
      type: 'choice',
      values: [...Object.keys(GROUPS), ...WAKE, ...DIGITS],
      default: 'all',
      help: 'what to listen for; everything else is no word',
    },
    threshold: {
      type: 'number',
      default: 0,
      min: 0,
      max: 1,
      help: 'mean probability of 120 ms from which on a word counts; 0: as the model says',
    },
    enrolled: {
      type: 'choice',
      values: ['off', 'on', 'only'],
      default: 'off',
      help: 'also, or only, words of your own (`millrace enrol`)',
    },
    probabilities: {
      type: 'choice',
      values: ['off', 'on'],
      default: 'off',
      help: 'also every hop, a value for each word',
    },
  },
  load: (open, options, engine) => loadKeyword(open, options, engine),
  modelIds: ({ id, enrolled }) => (enrolled ? [id, enrolled.id] : [id]),
  stages: (models, options, _format, { simd }) => [
    rehop({ hopRows: HOP_ROWS, width: 1, rateHz: RATE_HZ, hopsMax: LOWERED_ROWS_MAX }),
    logMelHops({ ...FRONT_END, simd }),
    ...keywordStages(models, options),
  ],
});

/** @throws ERR_CONFIG_INVALID for enrolled words of another model, ERR_WEIGHTS_MISSING where there are none */
export async function loadKeyword(
  open: (name: string) => Promise<Model>,
  { cell: kind, enrolled: wanted = 'off' }: OptionValues,
  engine: Engine,
): Promise<KeywordModels> {
  const model = await open(`keyword-${kind}`);
  const millrace = configReader(model).section('millrace');
  const outputs = millrace.texts('words').length;
  if (wanted === 'off') {
    const cell = await buildCell(model, { engine });
    return { id: model.id, cell, heads: readWords(millrace, cell.dOut) };
  }
  const own = await open('enrolled');
  const enrolled = readEnrolled(own);
  if (enrolled.trunk !== model.id) {
    throw engineError('ERR_CONFIG_INVALID', `the words of ${own.name} were enrolled with another model`, {
      expected: `${model.name} as it is here: enrol them again`,
    });
  }
  const cell = buildStack(model, { engine, trunk: true });
  return { id: model.id, cell, heads: readWords(millrace, outputs), enrolled: { id: own.id, ...enrolled } };
}

/** Log-mel rows to words. */
export function keywordStages({ cell, heads, enrolled }: KeywordModels, options: OptionValues): readonly Stage[] {
  const wanted = options.enrolled === 'only' ? [] : (GROUPS[String(options.words)] ?? [String(options.words)]);
  const threshold = Number(options.threshold);
  const own = enrolled?.words ?? [];
  const names = heads.words.map((word) => word.replaceAll(' ', '_'));
  // A word of one's own stands in for the model's of that name.
  const columns = names.flatMap((name, i) =>
    wanted.includes(name) && !own.some((word) => word.name === name) ? [i] : [],
  );
  if (columns.length + own.length === 0) {
    throw engineError('ERR_OPTION_INVALID', `the keyword model does not know ${wanted.join(', ')}`, {
      expected: `words that it knows: ${names.join(', ')}`,
    });
  }
  return [
    loudness(),
    carry({ width: 1, spanRows: HOP_ROWS }, cellStage(cell, { ...GRID, slot: 'keyword' })),
    ...(enrolled ? [matchWords({ ...enrolled, heads: heads.words.length, spanRows: HOP_ROWS })] : []),
    spotWords({
      ...GRID,
      ...SETTLING,
      name: 'keyword',
      words: [...columns.map((i) => heads.words[i]!), ...own.map(({ name }) => name)],
      columns: [...columns, ...own.map((_, i) => heads.words.length + i)],
      thresholds: [
        ...columns.map((i) => (threshold > 0 ? threshold : heads.thresholds[i]!)),
        ...own.map(() => ENROLLED),
      ],
      spanHops: heads.spanHops,
      probabilities: options.probabilities === 'on',
    }),
  ];
}
