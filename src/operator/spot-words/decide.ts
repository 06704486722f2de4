// One decision per utterance out of one probability per word and hop: mean over a few hops, a threshold for each word, the best
// word once nothing better has come for a while, then silence until it is over. Knows no items: spot-words.ts does.

import { f32, f64, type Views } from '../../cell/state.ts';

/** At hops of 10 ms: a better word may come for 80 ms; the next word 200 ms after a decision. */
export const SETTLING = { settleHops: 8, refractoryHops: 20 } as const;

export interface DecideOptions {
  /** [words] a word is heard when its mean probability reaches this. Below it: nothing was said, whatever was said. */
  readonly thresholds: readonly number[];
  /** Hops that a mean is taken over. */
  readonly spanHops: number;
  /** A decision waits for a better one for so many hops, and no longer than twice that in all. */
  readonly settleHops: number;
  /** After a decision there is no other for so many hops, and none for the same word until its mean fell to half. */
  readonly refractoryHops: number;
}

export const decideLayout = (words: number, spanHops: number) => ({
  past: f32(spanHops, words), // [hop % spanHops, word] probabilities
  armed: f64(words), // 1: the word may be decided for
  hop: f64(1), // hops so far
  wait: f64(1), // hops without a decision that are left
  word: f64(1), // the best so far of the utterance under way; -1: none
  score: f64(1), // its mean
  since: f64(1), // hops since it was best
  age: f64(1), // hops since the utterance's first candidate
});
export type DecideState = Views<ReturnType<typeof decideLayout>>;

export function startDeciding(at: DecideState): void {
  for (const slot of Object.values(at)) slot.fill(0);
  at.armed.fill(1);
  at.word[0] = -1;
}

export interface Decider {
  /** Takes p [words] of the next hop. The word that has just become the best of the utterance, or -1. */
  hear(p: Float32Array): number;
  /** Whether nothing better came for long enough. */
  isDue(): boolean;
  /** `hops` that nobody heard: probability 0, no decision. */
  miss(hops: number): void;
  /** Ends the utterance under way: its best word, or -1 when there is none. Its score stays readable. */
  settle(): number;
  /** Hops since the probability of `word` rose, as far as the mean sees. */
  sinceRise(word: number): number;
}

export function openDecider(at: DecideState, options: DecideOptions): Decider {
  const { thresholds, spanHops, settleHops, refractoryHops } = options;
  const words = thresholds.length;
  const { past, armed, hop, wait, word, score, since, age } = at;
  const mean = meanOf(at, spanHops, words);

  /** Words are armed once they have fallen to half of their threshold. */
  function arm(): void {
    for (let index = 0; index < words; index++) if (mean(index) < thresholds[index]! / 2) armed[index] = 1;
  }

  /** The armed word that is farthest over its threshold, and farther than the best so far; or -1. */
  function better(): number {
    let found = -1;
    let most = word[0]! < 0 ? 1 : score[0]! / thresholds[word[0]!]!;
    for (let index = 0; index < words; index++) {
      const share = armed[index] ? mean(index) / thresholds[index]! : 0;
      const isMore = found < 0 && word[0]! < 0 ? share >= most : share > most;
      if (!isMore) continue;
      most = share;
      found = index;
    }
    return found;
  }

  return {
    hear(p) {
      past.set(p, (hop[0]! % spanHops) * words);
      hop[0]! += 1;
      arm();
      if (wait[0]! > 0) {
        wait[0]! -= 1;
        return -1;
      }
      if (word[0]! >= 0) {
        age[0]! += 1;
        since[0]! += 1;
      }
      const found = better();
      if (found < 0) return -1;
      if (word[0]! < 0) age[0] = 0;
      word[0] = found;
      score[0] = mean(found);
      since[0] = 0;
      return found;
    },
    isDue: () => word[0]! >= 0 && (since[0]! >= settleHops || age[0]! >= 2 * settleHops),
    miss(hops) {
      for (let i = 0; i < Math.min(hops, spanHops); i++) {
        const row = ((hop[0]! + hops - 1 - i) % spanHops) * words;
        past.fill(0, row, row + words);
      }
      hop[0]! += hops;
      wait[0] = Math.max(0, wait[0]! - hops);
      arm();
    },
    settle() {
      const said = word[0]!;
      if (said < 0) return -1;
      armed.fill(0);
      arm();
      wait[0] = refractoryHops;
      word[0] = -1;
      return said;
    },
    sinceRise(index) {
      const newest = hop[0]! - 1 + spanHops;
      let ago = 0;
      for (let k = 1; k < spanHops; k++) if (past[((newest - k) % spanHops) * words + index]! >= score[0]! / 2) ago = k;
      return ago;
    },
  };
}

/** Mean probability of a word over the last hops, summed from the oldest on: the same wherever the ring stands. */
function meanOf({ past, hop }: DecideState, spanHops: number, words: number): (word: number) => number {
  return (word) => {
    const oldest = hop[0]! % spanHops;
    let sum = 0;
    for (let k = oldest; k < spanHops; k++) sum += past[k * words + word]!;
    for (let k = 0; k < oldest; k++) sum += past[k * words + word]!;
    return sum / spanHops;
  };
}
