// Compares the embedding of a stream with words that were shown to it (millrace enrol):
//   in --[rows, 1 + n | logits n | embedding d]--|     out --[rows, 1 + n + words]--|, behind the loudness p = sigmoid(logits), scores
// A score is 1/2 + cosine - the word's threshold, within 0 and 1, so that 1/2 is where a word begins to count, as with a
// probability. The cosine: between the word's prototype and the mean of the embedding's last rows; running speech has mean 0 and
// covariance 1 there. The rows: buildStack(model, { trunk: true }). What decides: spot-words/.

import { assert } from '../../base/assert.ts';
import { sigmoid } from '../../base/math.ts';
import { f32, f64 } from '../../cell/state.ts';
import { makeStage } from '../make-stage.ts';
import { spanCellRows } from '../row-results.ts';
import type { Stage } from '../stage.ts';

export interface Prototype {
  /** [d], of length 1: the mean over the recordings of where the embedding stood at the word's end. */
  readonly direction: readonly number[];
  /** Cosine from which on a word counts, above 0. */
  readonly threshold: number;
}

export interface MatchWordsOptions {
  /** Logits of the model's own words in a row. */
  readonly heads: number;
  /** Rows that a mean is taken over. */
  readonly hops: number;
  /** Values of an embedding's row. */
  readonly width: number;
  readonly words: readonly Prototype[];
  /** Grid rows that one row covers. */
  readonly spanRows: number;
  readonly slot?: string;
}

/** State: the last `hops` rows of the embedding. A gap fills it with zeros, which are like no word; a reset too. */
export function matchWords(options: MatchWordsOptions): Stage {
  const { heads, hops, width: d, words, spanRows, slot = 'match' } = options;
  assert(
    words.every((word) => word.direction.length === d),
    'match-words: widths differ',
  );
  const [width, dOut] = [1 + heads + d, 1 + heads + words.length];
  const layout = { past: f32(hops, d), hop: f64(1) };
  const z = new Float64Array(d);

  /** The sum of the ring [hops, d] from its oldest row on, which has the mean's direction; returns its length. */
  function place(past: Float32Array, oldest: number): number {
    z.fill(0);
    for (let k = 0; k < hops; k++) {
      const row = ((oldest + k) % hops) * d;
      for (let i = 0; i < d; i++) z[i]! += past[row + i]!;
    }
    let power = 0;
    for (let i = 0; i < d; i++) power += z[i]! * z[i]!;
    return Math.sqrt(power);
  }

  return makeStage((context, emit) => {
    const { past, hop } = context.state(slot, layout, ({ at }) => void [at.past.fill(0), at.hop.fill(0)]).at;
    return {
      chunk(item) {
        assert(item.width === width, 'match-words takes a loudness, logits and an embedding');
        const data = new Float32Array(item.rows * dOut);
        for (let row = 0; row < item.rows; row++) {
          const [from, to] = [row * width, row * dOut];
          data[to] = item.data[from]!;
          for (let i = 1; i <= heads; i++) data[to + i] = sigmoid(item.data[from + i]!);
          past.set(item.data.subarray(from + 1 + heads, from + width), (hop[0]! % hops) * d);
          hop[0]! += 1;
          const length = place(past, hop[0]! % hops) + 1e-9;
          for (const [i, { direction, threshold }] of words.entries()) {
            let dot = 0;
            for (let k = 0; k < d; k++) dot += direction[k]! * z[k]!;
            data[to + 1 + heads + i] = Math.min(1, Math.max(0, 0.5 + dot / length - threshold));
          }
        }
        emit({ ...item, width: dOut, data });
      },
      gap(item) {
        const missed = spanCellRows(item, spanRows);
        for (let i = 0; i < Math.min(missed, hops); i++) {
          const row = ((hop[0]! + missed - 1 - i) % hops) * d;
          past.fill(0, row, row + d);
        }
        hop[0]! += missed;
        emit(item);
      },
      mark(item) {
        if (item.what !== 'flush') void [past.fill(0), hop.fill(0)];
        emit(item);
      },
    };
  });
}
