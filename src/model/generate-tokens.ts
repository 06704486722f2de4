// One token after another from a token model: the ids given go in, then each token chosen goes in again. The state does
// not grow with what was generated. Deterministic: the same model, ids, and seed give the same tokens on every machine.

import { assert } from '../base/assert.ts';
import { exp } from '../base/math.ts';
import { seededRandom } from '../cell/seeded-random.ts';
import { makeState } from '../cell/state.ts';
import type { TokenModel } from './token-model.ts';

/** From logits [vocabSize] to a token id. */
export type Pick = (logits: Float32Array) => number;

/** `count` tokens after `ids`, which must not be empty. @throws ERR_OPTION_INVALID for an id outside the vocabulary */
export function* generateTokens(
  model: TokenModel,
  ids: readonly number[],
  count: number,
  pick: Pick,
): Generator<number> {
  assert(ids.length > 0, 'there is a first token');
  const { cell, dModel, vocabSize } = model;
  const state = makeState(cell.layout);
  cell.init(state);
  const x = new Float32Array(dModel);
  const logits = new Float32Array(vocabSize);
  const take = (id: number): void => {
    model.embed(id, x);
    cell.step(state, x, logits);
  };
  for (const id of ids) take(id);
  for (let i = 0; i < count; i++) {
    const next = pick(logits);
    yield next;
    // The last token is nobody's past.
    if (i + 1 < count) take(next);
  }
}

/** The largest logit; the lowest id of equal ones. */
export const greedy: Pick = (logits) => {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i;
  return best;
};

/** Draws from softmax(logits / temperature) with a seeded generator. @param temperature > 0; towards 0 it is greedy */
export function sampler(temperature: number, seed: number): Pick {
  assert(temperature > 0, 'temperature is positive');
  const random = seededRandom(seed);
  return (logits) => {
    const max = logits[greedy(logits)]!;
    const weight = (i: number): number => exp((logits[i]! - max) / temperature);
    let total = 0;
    for (let i = 0; i < logits.length; i++) total += weight(i);
    let left = ((random() + 1) / 2) * total;
    for (let i = 0; i < logits.length; i++) {
      left -= weight(i);
      if (left < 0) return i;
    }
    return greedy(logits); // rounding left a crumb
  };
}
