// Probabilities of words to words that were said, one result an utterance:
//   in  --[loudness | p]--[loudness | p]--..--gap--|      out --keyword.alexa {score: .93}--gap--|
// A result's [from, to) is the word's own place, which lies behind what the stream has reached; it comes some 200 to 350 ms
// after the word's end: the mean has to rise, and something better might come. How it is decided: decide.ts. Where the word
// lay: word-span.ts. The rows: loudness.ts around a cell, through carry/.

import { assert } from '../../base/assert.ts';
import { f64, type Views } from '../../cell/state.ts';
import { spanOf } from '../../item/timeline.ts';
import { type Emit, makeStage } from '../make-stage.ts';
import { spanCellRows } from '../row-results.ts';
import type { Stage } from '../stage.ts';
import {
  type DecideOptions,
  type Decider,
  type DecideState,
  decideLayout,
  openDecider,
  startDeciding,
} from './decide.ts';
import { loudLayout, WORD_HOPS_MAX, wordHops } from './word-span.ts';

export interface SpotWordsOptions extends DecideOptions {
  /** What results are called: `${name}.${word}`, and `name` for the probabilities of a hop. */
  readonly name: string;
  /** The words to be heard; a space in one is _ in a name. */
  readonly words: readonly string[];
  /** [words] which of the probabilities behind the loudness each word has. Default: in order, one each. */
  readonly columns?: readonly number[];
  /** Grid rows that one row covers. */
  readonly spanRows: number;
  /** Grid rows per second. */
  readonly rateHz: number;
  /** Also give every hop's probabilities, as a detection with a value for each word. Default false. */
  readonly probabilities?: boolean;
  /** Name of the state arena; needed only when a pipeline has two of these. */
  readonly slot?: string;
}

/**
 * Chunk [rows, 1 + columns] -> detections. What is under way is decided on what was heard when a gap, an end or a reset comes;
 * a reset forgets the past.
 */
export function spotWords(options: SpotWordsOptions): Stage {
  const { words, thresholds, spanHops, spanRows, slot = 'words' } = options;
  const above = thresholds.every((threshold) => threshold > 0);
  assert(words.length > 0 && words.length === thresholds.length && above, 'spot-words needs a threshold for each word');
  const columns = options.columns ?? words.map((_, i) => i);
  const width = 2 + Math.max(...columns);
  const layout = decideLayout(words.length, spanHops);

  return makeStage((context, emit) => {
    const state = context.state(slot, layout, ({ at }) => startDeciding(at)).at;
    const place = context.state(`${slot}.place`, placeLayout, ({ at }) => startPlace(at)).at;
    const decider = openDecider(state, options);
    const { hear, tell } = openSpotter(options, columns, { state, place, decider, emit });
    return {
      chunk(item) {
        assert(item.width >= width, 'spot-words takes a loudness and a probability for each word');
        for (let row = 0; row < item.rows; row++) {
          const from = item.from + row * spanRows;
          const values = item.data.subarray(row * item.width, (row + 1) * item.width);
          hear(values, from, Math.min(from + spanRows, item.to));
        }
      },
      gap(item) {
        tell();
        const hops = spanCellRows(item, spanRows);
        for (let i = 0; i < Math.min(hops, WORD_HOPS_MAX); i++) {
          place.loud[(state.hop[0]! + hops - 1 - i) % WORD_HOPS_MAX] = NaN;
        }
        decider.miss(hops);
        emit(item);
      },
      mark(item) {
        if (item.what !== 'flush') {
          tell();
          startDeciding(state);
          startPlace(place);
          place.past[0] = item.from;
        }
        emit(item);
      },
    };
  }, declared(options));
}

/** Of the best word so far; no word begins before row `past`, where the one before it ended. */
const placeLayout = { ...loudLayout, from: f64(1), to: f64(1), past: f64(1) };
type Place = Views<typeof placeLayout>;

function startPlace({ loud, from, to, past }: Place): void {
  loud.fill(NaN);
  from[0] = to[0] = past[0] = 0;
}

interface Stream {
  readonly state: DecideState;
  readonly place: Place;
  readonly decider: Decider;
  readonly emit: Emit;
}

function openSpotter(options: SpotWordsOptions, columns: readonly number[], { state, place, decider, emit }: Stream) {
  const { name, words, rateHz, spanRows } = options;
  const ops = words.map((word) => opOf(name, word));
  const p = new Float32Array(words.length);

  /** Ends the utterance under way, and says what it was. */
  function tell(): void {
    const said = decider.settle();
    if (said < 0) return;
    const [from, to] = [place.from[0]!, place.to[0]!];
    place.past[0] = to;
    const values = { score: Math.fround(state.score[0]!) };
    emit({ kind: 'detection', ...spanOf(from, to, rateHz), name: ops[said]!, values });
  }

  /** Notes where the word lies that has just become the best, with the stream at row `here`. */
  function note(word: number, here: number): void {
    const [first, last] = wordHops(place, state.hop[0]! - 1, decider.sinceRise(word));
    place.to[0] = here - last * spanRows;
    place.from[0] = Math.min(place.to[0], Math.max(place.past[0]!, here - (first + 1) * spanRows));
  }

  function hear(row: Float32Array, from: number, to: number): void {
    place.loud[state.hop[0]! % WORD_HOPS_MAX] = row[0]!;
    for (let i = 0; i < p.length; i++) p[i] = row[1 + columns[i]!]!;
    if (options.probabilities) {
      const values = Object.fromEntries(words.map((word, i) => [word.replaceAll(' ', '_'), p[i]!]));
      emit({ kind: 'detection', ...spanOf(from, to, rateHz), name, values });
    }
    const better = decider.hear(p);
    if (better >= 0) note(better, to);
    if (decider.isDue()) tell();
  }
  return { hear, tell };
}

const opOf = (name: string, word: string): string => `${name}.${word.replaceAll(' ', '_')}`;

const declared = ({ name, words, probabilities }: SpotWordsOptions) => [
  ...(probabilities ? [{ op: name, values: words.map((word) => word.replaceAll(' ', '_')) }] : []),
  ...words.map((word) => ({ op: opOf(name, word), values: ['score'] })),
];
