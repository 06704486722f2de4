// Speech segments and words to utterances: words are gathered while somebody speaks, and an utterance is over once nobody has for a
// while. The while is counted in rows of the stream, so neither the cut of messages nor the clock changes what an utterance holds.
//   start  word  end  ..pause..  -> [word]      start  end  start  word  end  ..pause..  -> [word], pauses shorter than that

import type { Listener, Word } from './spoken.ts';

/** A word is told up to 350 ms after its end (operator/spot-words): no utterance is over before. */
export const WORD_WAIT_MS = 400;

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

/** @param over called with an utterance and the row by which it was over; a word that comes later is an utterance of its own */
export function createUtterances(pauseRows: number, over: (utterance: Utterance, row: number) => void): Utterances {
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
      words.push(word);
    },
    reach(row) {
      if (!open || speaking || row < to + pauseRows) return;
      open = false;
      over(take(), row);
    },
    cut(row) {
      if (!open) return undefined;
      if (speaking) to = Math.max(to, row);
      const utterance = take();
      open = speaking;
      from = to;
      return utterance;
    },
  };
}
