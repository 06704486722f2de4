// The slow twin of cell.ts: every expert runs for every row, in float64, and a row of gates, mostly zeros, mixes them. The
// chosen ones are those that fewer than k others beat. For tests only.

import { exp, sigmoid, silu } from '../../base/math.ts';
import type { GatedMlpWeights } from '../../kernel/plain/gated-mlp.ts';
import type { Weights } from '../../weights/tensor.ts';
import { type MoeConfig, readMoe } from './params.ts';

type Vector = number[];

/** x [rows, dModel] -> y [rows, dModel]. */
export function naiveMoe(
  weights: Weights,
  prefix: string,
  config: MoeConfig,
  x: ArrayLike<number>,
  rows: number,
): Float64Array {
  const { router, rule, experts, bias, shared } = readMoe(weights, prefix, config);
  const { dModel, chosen } = config;
  const output = times(rows, (t) => {
    const row = times(dModel, (i) => x[t * dModel + i]!);
    const logits = dense(router, row);
    const odds = logits.map((logit) => exp(logit - Math.max(...logits)));
    const beaten = logits.map((logit, e) => logits.filter((other, o) => other > logit || (other === logit && o < e)));
    const runs = beaten.map((by) => by.length < chosen);
    const total = odds.filter((_, e) => rule === 'all' || runs[e]).reduce(add, 0);
    const made = experts.map((expert) => feedForward(expert, row));
    const sharedMade = shared && feedForward(shared.mlp, row);
    const sharedGate = shared && sigmoid(dense(shared.gate, row)[0]!);
    return times(dModel, (i) => {
      const mixed = made.map((y, e) => (runs[e] ? (odds[e]! / total) * y[i]! : 0)).reduce(add, bias?.[i] ?? 0);
      return sharedMade && sharedGate ? mixed + sharedGate * sharedMade[i]! : mixed;
    });
  });
  return Float64Array.from(output.flat());
}

function feedForward({ gate, up, down }: GatedMlpWeights, x: Vector): Vector {
  const raised = dense(up, x);
  return dense(
    down,
    dense(gate, x).map((value, i) => silu(value) * raised[i]!),
  );
}

const add = (a: number, b: number): number => a + b;
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const dense = (w: Float32Array, x: Vector): Vector =>
  times(w.length / x.length, (i) => x.map((value, j) => w[i * x.length + j]! * value).reduce(add, 0));
