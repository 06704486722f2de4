// One step of the WKV operator of RWKV-4 (Peng et al. 2023, 2305.13048, section 3.1.2 and appendix D): an average of the
// values, weighted by e^key, older rows less by e^w a row, this row by e^u instead. Numerator and denominator are kept
// divided by e^max, so no exponent exceeds rounding: keys of +-1e4 overflow nothing.

import { exp } from '../../base/math.ts';

/** Exponent of an empty sum. Not -Infinity: -Infinity - -Infinity is NaN. Upstream uses the same number. */
export const WKV4_EMPTY = -1e38;

export interface Wkv4State {
  /** Sum of e^(k + age w) v and of e^(k + age w), both times e^-max. [n] f32 each. */
  readonly num: Float32Array;
  readonly den: Float32Array;
  readonly max: Float32Array;
}

/**
 * y = (e^max num + e^(u + k) v) / (e^max den + e^(u + k)); then the sums age by e^w and take in e^k v and e^k.
 * @param state [n] f32 - mutated   @param w [n] f64, < 0: log of the decay of one row   @param u [n] f32
 * @param k, v [n] f32   @param y [n] f32 - written   @param dt share of a row of time to age by, 1 on an even grid
 * Cost: n * (4 exp + 20 flops). Allocates nothing. f64 arithmetic, f32 store.
 */
export function wkv4Step(
  state: Wkv4State,
  w: Float64Array,
  u: Float32Array,
  k: Float32Array,
  v: Float32Array,
  y: Float32Array,
  dt: number,
): void {
  const { num, den, max } = state;
  for (let i = 0; i < y.length; i++) {
    const key = k[i]!;
    const value = v[i]!;
    const bonus = u[i]! + key;
    const top = Math.max(max[i]!, bonus);
    const past = exp(max[i]! - top);
    const now = exp(bonus - top);
    y[i] = (past * num[i]! + now * value) / (past * den[i]! + now);
    const aged = max[i]! + dt * w[i]!;
    const next = Math.fround(Math.max(aged, key)); // rounded first: the sums are scaled by what is stored
    const keep = exp(aged - next);
    const add = exp(key - next);
    num[i] = keep * num[i]! + add * value;
    den[i] = keep * den[i]! + add;
    max[i] = next;
  }
}

/** Ages the sums by `rows` without taking anything in: only the exponent moves. @param max [n] f32 - mutated */
export function wkv4Age(max: Float32Array, w: Float64Array, rows: number): void {
  for (let i = 0; i < max.length; i++) max[i] = Math.max(WKV4_EMPTY, max[i]! + rows * w[i]!);
}
