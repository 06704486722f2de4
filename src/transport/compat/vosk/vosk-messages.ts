// What a Vosk server answers, as text: laid out as Kaldi's JSON is, since there are clients that look for `"text" : ""`.

import { seconds, share, type Word } from '../spoken.ts';
import type { VoskConfig } from './vosk-config.ts';

export const partialText = (words: readonly Word[]): string => layOut({ partial: textOf(words) });

export function finalText(words: readonly Word[], { rate, details, alternatives }: VoskConfig): string {
  const text = textOf(words);
  const places = words.map((word) => ({
    end: seconds(word.to, rate),
    start: seconds(word.from, rate),
    word: word.text,
  }));
  if (alternatives > 0) {
    const confidence = share(words.reduce((sum, { score }) => sum + score, 0));
    return layOut({ alternatives: [{ confidence, ...(details && words.length > 0 ? { result: places } : {}), text }] });
  }
  if (!details || words.length === 0) return layOut({ text });
  return layOut({ result: places.map((place, i) => ({ conf: share(words[i]!.score), ...place })), text });
}

const textOf = (words: readonly Word[]): string => words.map(({ text }) => text).join(' ');

const layOut = (value: object): string => JSON.stringify(value, null, 2).replaceAll('": ', '" : ');
