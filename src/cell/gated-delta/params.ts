// Parameters of a gated DeltaNet mixer, in one order whatever the checkpoint's: the cell does not know where they came from.
// Two namings are read: flash-linear-attention's GatedDeltaNet (read-fla.ts) and transformers' Qwen3NextGatedDeltaNet
// (read-qwen3-next.ts). Checked once at load.

import { engineError } from '../../base/errors.ts';

export interface GatedDeltaConfig {
  readonly dModel: number;
  /** Heads of queries and keys. */
  readonly keyHeads: number;
  /** Heads of values, a multiple of keyHeads; value head j reads key head floor(j / (valueHeads / keyHeads)). */
  readonly valueHeads: number;
  readonly headKDim: number;
  readonly headVDim: number;
  /** K: taps of the convolutions. */
  readonly dConv: number;
  /** Of the output norm. */
  readonly eps: number;
  /** beta in (0, 2): the erase may turn a value's sign. Upstream `allow_neg_eigval`; Qwen3-Next has none of it. */
  readonly allowNegEigval: boolean;
}

export interface GatedDeltaParams {
  /** [2 keys + 2 values + 2 valueHeads, dModel], rows in the order q, k, v, z, b, a, each head after head. */
  readonly inProj: Float32Array;
  /** [2 keys + values, K], over q, k, v. No bias. */
  readonly convWeight: Float32Array;
  /** [valueHeads], -exp(A_log), kept in f64. */
  readonly A: Float64Array;
  /** [valueHeads]. */
  readonly dtBias: Float32Array;
  /** [headVDim], shared by the heads. */
  readonly normWeight: Float32Array;
  /** [dModel, values]. */
  readonly outProj: Float32Array;
}

export interface GatedDeltaWidths {
  /** keyHeads * headKDim. */
  readonly keys: number;
  /** valueHeads * headVDim. */
  readonly values: number;
  /** Channels of the convolution: 2 keys + values. */
  readonly dMixed: number;
  /** Rows of inProj. */
  readonly dProj: number;
}

/** @throws ERR_CONFIG_INVALID when the numbers do not fit together */
export function gatedDeltaWidths(config: GatedDeltaConfig): GatedDeltaWidths {
  const { dModel, keyHeads, valueHeads, headKDim, headVDim, dConv, eps } = config;
  for (const [name, value] of Object.entries({ dModel, keyHeads, valueHeads, headKDim, headVDim, dConv })) {
    if (!Number.isSafeInteger(value) || value < 1) throw invalid(`${name} is ${value}`, 'a whole number of 1 or more');
  }
  if (valueHeads % keyHeads !== 0) {
    throw invalid(`${valueHeads} valueHeads, ${keyHeads} keyHeads`, 'valueHeads a multiple of keyHeads');
  }
  if (!(eps > 0 && eps < 1)) throw invalid(`eps is ${eps}`, 'a positive number below 1');
  const [keys, values] = [keyHeads * headKDim, valueHeads * headVDim];
  return { keys, values, dMixed: 2 * keys + values, dProj: 2 * keys + 2 * values + 2 * valueHeads };
}

function invalid(found: string, expected: string): Error {
  return engineError('ERR_CONFIG_INVALID', `gated-delta: ${found}`, { expected });
}
