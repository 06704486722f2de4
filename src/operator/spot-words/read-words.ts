// What the outputs of a keyword model are called and when they count, as its config.json says: config.millrace.

import type { ConfigReader } from '../../weights/config-reader.ts';

export interface KeywordHeads {
  /** One for each output, in order. */
  readonly words: readonly string[];
  /** [words] */
  readonly thresholds: readonly number[];
  readonly spanHops: number;
}

const SPAN_HOPS_MAX = 100;

/**
 * `words`, `decision.span_hops` and `decision.threshold`, or `decision.thresholds` with one for each word.
 * @param outputs of the model   @throws ERR_CONFIG_INVALID naming the field that is missing or does not fit
 */
export function readWords(millrace: ConfigReader, outputs: number): KeywordHeads {
  millrace.oneOf('task', ['keyword']);
  const words = millrace.texts('words');
  if (words.length !== outputs) throw millrace.wrong('words', `${outputs} words, as many as the model has outputs`);
  const decision = millrace.section('decision');
  const spanHops = decision.integer('span_hops', { max: SPAN_HOPS_MAX });
  if (!decision.has('thresholds')) {
    const threshold = decision.number('threshold');
    if (!(threshold > 0)) throw decision.wrong('threshold', 'a number above 0');
    return { words, spanHops, thresholds: words.map(() => threshold) };
  }
  const thresholds = decision.numbers('thresholds');
  const fit = thresholds.length === words.length && thresholds.every((threshold) => threshold > 0);
  if (!fit) throw decision.wrong('thresholds', `${words.length} numbers above 0`);
  return { words, spanHops, thresholds };
}
