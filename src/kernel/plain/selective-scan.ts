// The selective scan of Mamba (Gu & Dao 2023, 2312.00752, algorithm 2): every channel has its own step dt, its own decays
// and dState numbers of state; B and C are shared by all channels of a row. Discretisation is the family's first order
// one, exp(dt A) for the state and dt B for the input, not zero-order hold. As a tree: associative-scan.ts.

import { exp } from '../../base/math.ts';

export interface SelectiveScanSizes {
  readonly channels: number;
  readonly dState: number;
}

/**
 * h = exp(dt A) h + dt x (outer) B;  y = h . C + D x, channel by channel.
 * @param h  [channels, dState] f32 - mutated   @param dt [channels] f64, >= 0   @param A [channels, dState] f64, < 0
 * @param x  [channels] f32   @param B, C [dState] f32   @param D [channels] f32
 * @param y  [channels] f32 - written, must not alias x
 * Cost: channels * dState * (1 exp + 7 flops). Allocates nothing. f64 arithmetic, f32 store.
 */
export function selectiveScanStep(
  h: Float32Array,
  dt: Float64Array,
  A: Float64Array,
  x: Float32Array,
  B: Float32Array,
  C: Float32Array,
  D: Float32Array,
  y: Float32Array,
  { channels, dState }: SelectiveScanSizes,
): void {
  let at = 0;
  for (let c = 0; c < channels; c++) {
    const step = dt[c]!;
    const drive = step * x[c]!;
    let sum = D[c]! * x[c]!;
    for (let n = 0; n < dState; n++, at++) {
      const next = exp(step * A[at]!) * h[at]! + drive * B[n]!;
      h[at] = next;
      sum += next * C[n]!;
    }
    y[c] = sum;
  }
}

/**
 * `rows` steps, time innermost: the state of one channel stays in `hold` in f64 and is rounded once at the end.
 * @param dt, x, y [rows, channels]   @param B, C [rows, dState]   @param hold [dState] f64 - scratch; the rest as above
 */
export function selectiveScanChunk(
  h: Float32Array,
  dt: Float64Array,
  A: Float64Array,
  x: Float32Array,
  B: Float32Array,
  C: Float32Array,
  D: Float32Array,
  y: Float32Array,
  { channels, dState }: SelectiveScanSizes,
  rows: number,
  hold: Float64Array,
): void {
  for (let c = 0; c < channels; c++) {
    const first = c * dState;
    for (let n = 0; n < dState; n++) hold[n] = h[first + n]!;
    for (let t = 0; t < rows; t++) {
      const step = dt[t * channels + c]!;
      const input = x[t * channels + c]!;
      let sum = D[c]! * input;
      for (let n = 0; n < dState; n++) {
        const next = exp(step * A[first + n]!) * hold[n]! + step * input * B[t * dState + n]!;
        hold[n] = next;
        sum += next * C[t * dState + n]!;
      }
      y[t * channels + c] = sum;
    }
    for (let n = 0; n < dState; n++) h[first + n] = hold[n]!;
  }
}
