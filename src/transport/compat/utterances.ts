// Speech segments and words to utterances: words are gathered while somebody speaks, and an utterance is over once nobody has for a
// while. The while is counted in rows of the stream, so neither the cut of messages nor the clock changes what an utterance holds.
//   start  word  end  ..pause..  -> [word]      start  end  start  word  end  ..pause..  -> [word], pauses shorter than that
// Who never pauses is cut off now and then, so that what is gathered is bounded.

import type { Listener, Word } from './spoken.ts';

/** A word is told up to 350 ms after its end (operator/spot-words): no utterance is over before. */
export const WORD_WAIT_MS = 400;

/** An utterance is cut when it is as long as this, as Kaldi's are (endpoint.rule5.min-utterance-length). */
export const LONGEST_MS = 20_000;

/** Words that nobody was heard to say have no end of speech to wait for. */
const WORDS_MAX = 1000;

export interface Lengths {
  readonly pauseRows: number;
  /** While somebody speaks; Infinity: for as long as that is. */
  readonly longestRows: number;
  /** Only the last word of an utterance is wanted. */
  readonly lastWordOnly?: boolean;
}

export interface Utterance {
  /** Rows: where it began, and where its last word or its speech ended. */
  readonly from: number;
  readonly to: number;
  readonly words: readonly Word[];
}

export interface Utterances extends Listener {
  /** The utterance under way; without words when there is none. */
  soFar(): Utterance;
  /** What there is of the utterance under way; what follows is another. undefined: there is none. */
  cut(row: number): Utterance | undefined;
}

/**
 * @param over called with an utterance, the row by which it was over and whether that was for a pause; a word that comes later is an
 *   utterance of its own
 */
export function createUtterances(
  { pauseRows, longestRows, lastWordOnly = false }: Lengths,
  over: (utterance: Utterance, row: number, paused: boolean) => void,
): Utterances {
  let open = false;
  let speaking = false;
  let from = 0;
  let to = 0;
  let words: Word[] = [];

  function begin(row: number): void {
    if (!open) from = to = row;
    open = true;
  }
  function take(): Utterance {
    const utterance = { from, to, words };
    words = [];
    return utterance;
  }
  function cut(row: number): Utterance {
    if (speaking) to = Math.max(to, row);
    const utterance = take();
    open = speaking;
    from = to;
    return utterance;
  }
  return {
    soFar: () => ({ from, to, words }),
    start(row) {
      begin(row);
      speaking = true;
    },
    end(row) {
      begin(row);
      speaking = false;
      to = Math.max(to, row);
    },
    word(word) {
      begin(word.from);
      to = Math.max(to, word.to);
      if (lastWordOnly) words = [word];
      else words.push(word);
    },
    reach(row) {
      if (!open) return;
      if (!speaking && row >= to + pauseRows) {
        open = false;
        over(take(), row, true);
      } else if ((speaking && row >= from + longestRows) || words.length >= WORDS_MAX) over(cut(row), row, false);
    },
    cut: (row) => (open ? cut(row) : undefined),
  };
}
