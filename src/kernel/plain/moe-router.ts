// The router of a mixture of experts: from one logit for each expert to the few that run and what each counts. Two rules:
//   'chosen'  softmax over the logits of the chosen ones: gates sum to 1. JetMoE and Mixtral; also Qwen3-Next, which takes
//             the softmax over all and divides by the chosen ones' sum (norm_topk_prob), which is the same number
//   'all'     softmax over all, not renormalised: gates sum to less than 1. Jamba

import { exp } from '../../base/math.ts';

export type RouterRule = 'chosen' | 'all';

/**
 * The `gates.length` largest logits, largest first, ties to the lowest index.
 * @param logits [experts] f32   @param rule see above
 * @param chosen [k] u32 - written: expert indices   @param gates [k] f64 - written: their weights
 * Cost: k * experts comparisons + experts exp. Allocates nothing. A NaN logit is never larger than another.
 */
export function routeTopK(logits: Float32Array, rule: RouterRule, chosen: Uint32Array, gates: Float64Array): void {
  const k = gates.length;
  for (let slot = 0; slot < k; slot++) {
    let best = -1;
    for (let e = 0; e < logits.length; e++) {
      if (isTaken(chosen, slot, e)) continue;
      if (best < 0 || logits[e]! > logits[best]!) best = e;
    }
    chosen[slot] = best;
  }
  const max = logits[chosen[0]!]!;
  let total = 0;
  for (let slot = 0; slot < k; slot++) {
    gates[slot] = exp(logits[chosen[slot]!]! - max);
    total += gates[slot]!;
  }
  if (rule === 'all') {
    total = 0;
    for (let e = 0; e < logits.length; e++) total += exp(logits[e]! - max);
  }
  for (let slot = 0; slot < k; slot++) gates[slot] = gates[slot]! / total;
}

function isTaken(chosen: Uint32Array, count: number, expert: number): boolean {
  for (let slot = 0; slot < count; slot++) if (chosen[slot] === expert) return true;
  return false;
}
