// Where a word lay that has just been recognised. A spotter is sure of a word only at its end, so the end is where its
// probability rose, and the beginning is where the sound before that began: loudness, not the model, says so.
// An estimate: speech right before the word can be taken for its beginning.

import { f32, type Views } from '../../cell/state.ts';

/** No word is looked for farther back: 1.2 s of 10 ms hops. */
export const WORD_HOPS_MAX = 120;
/** Quiet for so long is before the word and not inside it: longer than the closures and the pause of "smart mirror". */
const PAUSE_HOPS = 15;
/** Sound is what is less than 20 dB (in nats of power) under the loudest, or over the middle of the range in noise. */
const RANGE_NATS = 4.6;
/** Models are taught to rise 50 ms before the end of a word. */
const RISE_HOPS = 5;

export const loudLayout = { loud: f32(WORD_HOPS_MAX) }; // [hop % WORD_HOPS_MAX]; NaN: nobody heard that hop
export type LoudState = Views<typeof loudLayout>;

/**
 * Hops of the word, counted back from the present one (0), both included: [first, last], first >= last.
 * @param hop number of the present hop since the stream's start: what is before 0 does not exist
 * @param sinceRise hops since the probability rose
 */
export function wordHops({ loud }: LoudState, hop: number, sinceRise: number): readonly [first: number, last: number] {
  const last = Math.max(0, sinceRise - RISE_HOPS);
  const back = Math.min(WORD_HOPS_MAX - 1, hop);
  const at = (ago: number): number => loud[(hop - ago) % WORD_HOPS_MAX]!;
  let [top, floor] = [-Infinity, Infinity];
  for (let ago = last; ago <= back; ago++) {
    if (at(ago) > top) top = at(ago);
    if (at(ago) < floor) floor = at(ago);
  }
  const cut = top - Math.min(RANGE_NATS, (top - floor) / 2);
  // A word of which the model was sure only after its end: the quiet behind it is not where it began.
  let end = last;
  while (end < back && !(at(end) >= cut)) end++;
  let first = end;
  for (let ago = end; ago <= back && ago - first <= PAUSE_HOPS; ago++) if (at(ago) >= cut) first = ago;
  return [first, last];
}
