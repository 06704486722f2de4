// What the pipeline `listen` says of a stream, as the dialects here tell it: where speech starts and ends, words, and how far it has
// come.

import { engineError } from '../../base/errors.ts';
import type { ResultItem } from '../../item/item.ts';
import type { OptionMap, StartMessage } from '../../wire/messages.ts';

export interface Word {
  /** As it is written: "smart mirror". */
  readonly text: string;
  /** Rows of the sender. */
  readonly from: number;
  readonly to: number;
  readonly score: number;
}

export interface Listener {
  start(from: number): void;
  end(to: number): void;
  word(word: Word): void;
  /** Everything that is decided by the rows before `row` has been told. */
  reach(row: number): void;
}

/** The pipeline a dialect's streams run through, and the words it has. */
export interface Recogniser {
  readonly pipeline: string;
  readonly options: OptionMap;
  readonly words: readonly string[];
}

const KEYWORD = 'keyword.';

/** @param wanted words; others are not told. Absent: all */
export function tellListener(item: ResultItem, listener: Listener, wanted?: readonly string[]): void {
  if (item.kind !== 'detection') return;
  const { name, from, to, values } = item;
  if (name === 'vad') listener.reach(to);
  else if (name === 'vad.start') listener.start(from);
  else if (name === 'vad.end') listener.end(to);
  else if (name.startsWith(KEYWORD)) {
    const text = name.slice(KEYWORD.length).replaceAll('_', ' ');
    if (wanted?.includes(text) !== false) listener.word({ text, from, to, score: values.score ?? 0 });
  }
}

/** Answers every turn of work, which is when a dialect's client hears what its rows have led to. */
export function startOf({ pipeline, options }: Recogniser, rate: number, channels: number): StartMessage {
  return { type: 'start', v: 1, pipeline, format: { encoding: 'pcm_s16le', rate, channels }, ack_ms: 0, options };
}

/** @throws ERR_WIRE_MALFORMED unless these are whole rows of 16-bit samples */
export function checkWholeRows(bytes: Uint8Array, channels: number): void {
  const rowBytes = 2 * channels;
  if (bytes.length % rowBytes === 0) return;
  const expected = `a multiple of ${rowBytes} bytes: 16-bit samples, least byte first`;
  throw engineError('ERR_WIRE_MALFORMED', `${bytes.length} bytes are not whole rows of ${rowBytes}`, { expected });
}

/** Seconds to the millisecond. */
export const seconds = (row: number, rate: number): number => Math.round((1000 * row) / rate) / 1000;
/** Three digits of a probability say more than it is worth. */
export const share = (score: number): number => Math.round(1000 * score) / 1000;
