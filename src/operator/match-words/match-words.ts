// Compares the embedding of a stream with words that were shown to it (millrace enrol):
//   in --[rows, 1 + n | logits n | embedding d]--|     out --[rows, 1 + n + words]--|, behind the loudness p = sigmoid(logits), scores
// A score is 1/2 + cosine - the word's threshold, within 0 and 1, so that 1/2 is where a word begins to count, as with a
// probability. The cosine: between the word's prototype and the way that the embedding took, which is where the mean of its last
// rows stands now and where it stood some hops ago (`lags`); running speech has mean 0 and covariance 1 there. One place alone
// takes three to ten times as many sentences for a word that the model never heard. The rows: buildStack(model, { trunk: true }).
// What decides: spot-words/.

import { assert } from '../../base/assert.ts';
import { sigmoid } from '../../base/math.ts';
import { f32, f64 } from '../../cell/state.ts';
import { makeStage } from '../make-stage.ts';
import { spanCellRows } from '../row-results.ts';
import type { Stage } from '../stage.ts';

export interface Prototype {
  /** [lags, d], of length 1: the mean over the recordings of the way that the embedding took to the word's end. */
  readonly direction: readonly number[];
  /** Cosine from which on a word counts, above 0. */
  readonly threshold: number;
}

export interface MatchWordsOptions {
  /** Logits of the model's own words in a row. */
  readonly heads: number;
  /** Rows that a mean is taken over. */
  readonly hops: number;
  /** How many hops ago, for each place of a way: 0 is now. */
  readonly lags: readonly number[];
  /** Values of an embedding's row. */
  readonly width: number;
  readonly words: readonly Prototype[];
  /** Grid rows that one row covers. */
  readonly spanRows: number;
  readonly slot?: string;
}

/** State: the embedding's last rows, as many as the oldest place of a way needs. A gap fills it with zeros, which are like no word; a reset too. */
export function matchWords(options: MatchWordsOptions): Stage {
  const { heads, hops, lags, width: d, words, spanRows, slot = 'match' } = options;
  assert(
    words.every((word) => word.direction.length === lags.length * d),
    'match-words: widths differ',
  );
  const kept = hops + Math.max(...lags);
  const share = 1 / Math.sqrt(lags.length);
  const [width, dOut] = [1 + heads + d, 1 + heads + words.length];
  const layout = { past: f32(kept, d), hop: f64(1) };
  const z = new Float64Array(lags.length * d);

  /** Into z: where the mean of `hops` rows stood `lag` hops before hop `now`, of length `share`. A ring [kept, d]. */
  function place(past: Float32Array, now: number, lag: number, at: number): void {
    z.fill(0, at, at + d);
    for (let ago = lag + hops - 1; ago >= lag; ago--) {
      const row = ((now - ago + kept) % kept) * d;
      for (let i = 0; i < d; i++) z[at + i]! += past[row + i]!;
    }
    let power = 0;
    for (let i = at; i < at + d; i++) power += z[i]! * z[i]!;
    const scale = share / (Math.sqrt(power) + 1e-9);
    for (let i = at; i < at + d; i++) z[i]! *= scale;
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
          past.set(item.data.subarray(from + 1 + heads, from + width), (hop[0]! % kept) * d);
          for (const [k, lag] of lags.entries()) place(past, hop[0]! % kept, lag, k * d);
          hop[0]! += 1;
          for (const [i, { direction, threshold }] of words.entries()) {
            let dot = 0;
            for (let k = 0; k < z.length; k++) dot += direction[k]! * z[k]!;
            data[to + 1 + heads + i] = Math.min(1, Math.max(0, 0.5 + dot - threshold));
          }
        }
        emit({ ...item, width: dOut, data });
      },
      gap(item) {
        const missed = spanCellRows(item, spanRows);
        for (let i = 0; i < Math.min(missed, kept); i++) {
          const row = ((hop[0]! + missed - 1 - i) % kept) * d;
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
