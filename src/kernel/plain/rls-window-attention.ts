// Attention over a stream's own past without weights: keys are earlier windows less their mean, values are what followed
// them. A kernel regression (Nadaraya-Watson), which is softmax attention with a squared distance for a score.
// The training-free opponent of the regression in rls-solve.ts; used by operator/forecast/attention-reader.ts.

import { exp } from '../../base/math.ts';

export interface WindowAttentionSizes {
  /** Rows per key. */
  readonly keyRows: number;
  /** Rows between two candidates: a whole season, so that all keys have the phase of the query. */
  readonly strideRows: number;
  /** At most this many keys are compared. */
  readonly keysMax: number;
  /** Softmax temperature on the mean squared distance in units of `scale`^2. */
  readonly temperature: number;
}

/**
 * out_j = mean of the query window + sum_i softmax(-|q - k_i|^2 / ..)_i (v_ij - mean_i).
 * @param ring [ringRows] f32: row r lies at r mod ringRows   @param newest row number of the newest value
 * @param known how many rows up to `newest` may be read, <= ringRows   @param scale > 0, size of a usual deviation
 * @param scratch [2 * keysMax + keyRows] f64   @param out [horizon] f64 - written
 * @returns keys compared; 0: `out` is untouched
 * Cost: keys * (keyRows + horizon). Allocates nothing.
 */
export function windowAttention(
  ring: Float32Array,
  newest: number,
  known: number,
  scale: number,
  sizes: WindowAttentionSizes,
  scratch: Float64Array,
  out: Float64Array,
): number {
  const { keyRows, strideRows, keysMax, temperature } = sizes;
  const horizon = out.length;
  const first = Math.ceil(horizon / strideRows);
  const keys = Math.min(keysMax, Math.floor((known - keyRows) / strideRows) - first + 1);
  if (keys <= 0) return 0;
  const ringRows = ring.length;
  const queryMean = windowMean(ring, newest - keyRows + 1, keyRows);
  const query = 2 * keysMax; // the centred query lies in `scratch` behind distances and means
  for (let k = 0; k < keyRows; k++) scratch[query + k] = ring[(newest - keyRows + 1 + k) % ringRows]! - queryMean;
  let nearest = Infinity;
  for (let n = 0; n < keys; n++) {
    let at = (newest - (first + n) * strideRows - keyRows + 1) % ringRows;
    let sum = 0;
    let squares = 0;
    for (let k = 0; k < keyRows; k++) {
      const value = ring[at]! - queryMean;
      const difference = scratch[query + k]! - value;
      sum += value;
      squares += difference * difference;
      if (++at === ringRows) at = 0;
    }
    const mean = sum / keyRows;
    // The query has mean 0, so removing the key's mean m from a difference d lowers sum d^2 by keyRows m^2.
    scratch[n] = Math.max(squares / keyRows - mean * mean, 0) / (scale * scale);
    scratch[keysMax + n] = queryMean + mean;
    if (scratch[n]! < nearest) nearest = scratch[n]!;
  }
  out.fill(0);
  let total = 0;
  for (let n = 0; n < keys; n++) {
    const weight = exp((nearest - scratch[n]!) / temperature);
    if (weight < 1e-6) continue;
    total += weight;
    const keyMean = scratch[keysMax + n]!;
    let at = (newest - (first + n) * strideRows + 1) % ringRows;
    for (let j = 0; j < horizon; j++) {
      out[j]! += weight * (ring[at]! - keyMean);
      if (++at === ringRows) at = 0;
    }
  }
  for (let j = 0; j < horizon; j++) out[j] = queryMean + out[j]! / total;
  return keys;
}

function windowMean(ring: Float32Array, from: number, rows: number): number {
  let sum = 0;
  for (let k = 0; k < rows; k++) sum += ring[(from + k) % ring.length]!;
  return sum / rows;
}
