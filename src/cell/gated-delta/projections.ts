// The two ends of a gated DeltaNet mixer around its recurrence: from a row to q, k, v, decay and beta, and from the mixed
// values to the output. Shared by the step (cell.ts) and the WY form (wy.ts). Holds scratch; the convolution's state is passed in.

import { sigmoid, softplus } from '../../base/math.ts';
import { causalConvStep } from '../../kernel/plain/causal-conv.ts';
import { gatedDeltaNormalise } from '../../kernel/plain/gated-delta-normalise.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import { normThenGate } from '../../kernel/plain/norm-then-gate.ts';
import { siluInto } from '../../kernel/plain/silu-into.ts';
import { type GatedDeltaConfig, type GatedDeltaParams, gatedDeltaWidths } from './params.ts';

export interface GatedDeltaProjections {
  /** Of the row read last: q, k [keys] f64, unit vectors a head; v, z [values] f32; g, beta [valueHeads] f64. */
  readonly q: Float64Array;
  readonly k: Float64Array;
  readonly v: Float32Array;
  readonly z: Float32Array;
  readonly g: Float64Array;
  readonly beta: Float64Array;
  /** x [dModel]; moves the convolution's state on. */
  read(conv: Float32Array, x: Float32Array): void;
  /** outProj(norm(mixed) * silu(z)) -> y [dModel]. mixed [values] */
  write(mixed: Float32Array, y: Float32Array): void;
}

export function gatedDeltaProjections(params: GatedDeltaParams, config: GatedDeltaConfig): GatedDeltaProjections {
  const { keys, values, dMixed, dProj } = gatedDeltaWidths(config);
  const { dModel, valueHeads, headKDim, dConv, eps } = config;
  const betaMax = config.allowNegEigval ? 2 : 1;
  const projected = new Float32Array(dProj);
  const mixedQkv = projected.subarray(0, dMixed);
  const v = projected.subarray(2 * keys, dMixed);
  const z = projected.subarray(dMixed, dMixed + values);
  const noBias = new Float32Array(dMixed);
  const q = new Float64Array(keys);
  const k = new Float64Array(keys);
  const g = new Float64Array(valueHeads);
  const beta = new Float64Array(valueHeads);
  const normed = new Float32Array(values);
  return {
    q,
    k,
    v,
    z,
    g,
    beta,
    read(conv, x) {
      matvec(params.inProj, x, projected, dProj, dModel);
      causalConvStep(conv, mixedQkv, params.convWeight, noBias, mixedQkv, dMixed, dConv);
      siluInto(mixedQkv, mixedQkv);
      gatedDeltaNormalise(mixedQkv, 0, headKDim, q);
      gatedDeltaNormalise(mixedQkv, keys, headKDim, k);
      const [b, a] = [dMixed + values, dMixed + values + valueHeads];
      for (let j = 0; j < valueHeads; j++) {
        beta[j] = betaMax * sigmoid(projected[b + j]!);
        g[j] = params.A[j]! * softplus(projected[a + j]! + params.dtBias[j]!);
      }
    },
    write(mixed, y) {
      normThenGate(mixed, z, params.normWeight, eps, normed);
      matvec(params.outProj, normed, y, dModel, values);
    },
  };
}
