// What a client of a Vosk server asks for in `{"config":{...}}`, which may come several times before the first audio.

import { engineError } from '../../../base/errors.ts';

export interface VoskConfig {
  readonly rate: number;
  /** Only these are told; undefined: all there are. */
  readonly words: readonly string[] | undefined;
  /** Whether results have times and confidences for each word. */
  readonly details: boolean;
  /** Above 0: results are lists of alternatives, of which there is one. */
  readonly alternatives: number;
}

/** Vosk's own server takes 8 kHz for granted, and tells of words. */
export const DEFAULT_VOSK_CONFIG: VoskConfig = { rate: 8000, words: undefined, details: true, alternatives: 0 };

/** @param known words there are @throws ERR_OPTION_INVALID */
export function readVoskConfig(value: unknown, before: VoskConfig, known: readonly string[]): VoskConfig {
  const config: Readonly<Record<string, unknown>> = isObject(value) ? value : refuse('config', 'an object');
  const { sample_rate: rate, phrase_list: phrases, words, max_alternatives: alternatives } = config;
  return {
    rate: rate === undefined ? before.rate : wholeNumber(rate, 'sample_rate', 1, 'a whole number of samples a second'),
    words: phrases === undefined ? before.words : wordsIn(phrases, known),
    details: words === undefined ? before.details : Boolean(words),
    alternatives:
      alternatives === undefined
        ? before.alternatives
        : wholeNumber(alternatives, 'max_alternatives', 0, 'a whole number; 0: none'),
  };
}

/** Words of ours that stand in a phrase. None at all would be a stream that never hears anything. */
function wordsIn(phrases: unknown, known: readonly string[]): readonly string[] {
  const list: unknown[] = Array.isArray(phrases) ? phrases : refuse('phrase_list', 'a list of texts');
  if (list.length === 0) return known;
  const spoken = list.map((phrase) => ` ${String(phrase).toLowerCase()} `);
  const found = known.filter((word) => spoken.some((phrase) => phrase.includes(` ${word} `)));
  if (found.length === 0) refuse('phrase_list', `at least one of: ${known.join(', ')}`);
  return found;
}

/** 16000, 16000.0 and "16000" are all said. */
function wholeNumber(value: unknown, name: string, min: number, expected: string): number {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number >= min ? number : refuse(name, expected);
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function refuse(name: string, expected: string): never {
  throw engineError('ERR_OPTION_INVALID', `config.${name} cannot be used`, { expected });
}
