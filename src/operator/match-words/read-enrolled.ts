// Enrolled words as millrace enrol writes them: { "millrace": { "task": "enrolled-words", "trunk": <id of a keyword model>,
// "cell", "hops", "lags", "width", "words": [{ "name", "direction": [lags * width], "threshold", ... }] } }.

import { configReader } from '../../weights/config-reader.ts';
import type { Model } from '../../weights/tensor.ts';
import type { MatchWordsOptions, Prototype } from './match-words.ts';

export interface EnrolledWords extends Pick<MatchWordsOptions, 'hops' | 'lags' | 'width'> {
  /** Id of the model that they were shown to. */
  readonly trunk: string;
  readonly cell: 'ssm' | 'attention';
  readonly words: readonly (Prototype & { readonly name: string })[];
}

const HOPS_MAX = 100;
const WORDS_MAX = 64;
const WIDTH_MAX = 4096;

/** @throws ERR_CONFIG_INVALID naming the field that is missing or does not fit */
export function readEnrolled(model: Model): EnrolledWords {
  const config = configReader(model).section('millrace');
  config.oneOf('task', ['enrolled-words']);
  const width = config.integer('width', { max: WIDTH_MAX });
  const lags = config.numbers('lags');
  const fit = lags.length > 0 && lags.every((lag) => Number.isInteger(lag) && lag >= 0 && lag <= HOPS_MAX);
  if (!fit) throw config.wrong('lags', `whole numbers from 0 to ${HOPS_MAX}`);
  const given = (model.config.millrace as { words?: unknown }).words;
  if (!Array.isArray(given) || given.length === 0 || given.length > WORDS_MAX) {
    throw config.wrong('words', `1 to ${WORDS_MAX} words`);
  }
  const words = given.map((_, i) => {
    const word = configReader(model, given as never, 'millrace.words.').section(String(i));
    const [direction, threshold] = [word.numbers('direction'), word.number('threshold')];
    if (direction.length !== lags.length * width) throw word.wrong('direction', `${lags.length * width} numbers`);
    if (!(threshold > 0 && threshold < 1)) throw word.wrong('threshold', 'a number between 0 and 1');
    return { name: word.text('name'), direction, threshold };
  });
  const cell = config.oneOf('cell', ['ssm', 'attention']);
  return { trunk: config.text('trunk'), cell, hops: config.integer('hops', { max: HOPS_MAX }), lags, width, words };
}
