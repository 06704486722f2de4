// The two ends of a gated linear attention layer around its recurrence: from a row to q, k, v, log decay and gate, and from
// the mixed values to the output. Shared by the step (cell.ts) and the chunked form (chunked.ts). Holds scratch, no state.

import { softplus } from '../../base/math.ts';
import { matvec } from '../../kernel/plain/matvec.ts';
import { normThenGate } from '../../kernel/plain/norm-then-gate.ts';
import type { GlaConfig, GlaParams } from './params.ts';

export interface GlaProjections {
  /** Of the row read last: q, k [keys], v, gate [values] f32; g [keys] f64, the log decay. */
  readonly q: Float32Array;
  readonly k: Float32Array;
  readonly v: Float32Array;
  readonly gate: Float32Array;
  readonly g: Float64Array;
  read(x: Float32Array): void;
  /** o_proj(norm(mixed) * silu(gate)) -> y [dModel]. mixed [values] */
  write(mixed: Float32Array, y: Float32Array): void;
}

export function glaProjections(params: GlaParams, config: GlaConfig): GlaProjections {
  const { dModel, heads, headKDim, headVDim, gateRank, gateNormalizer, eps } = config;
  const [keys, values] = [heads * headKDim, heads * headVDim];
  const q = new Float32Array(keys);
  const k = new Float32Array(keys);
  const v = new Float32Array(values);
  const gate = new Float32Array(values);
  const g = new Float64Array(keys);
  const low = new Float32Array(gateRank);
  const raw = new Float32Array(keys);
  const normed = new Float32Array(values);
  return {
    q,
    k,
    v,
    gate,
    g,
    read(x) {
      matvec(params.q, x, q, keys, dModel);
      matvec(params.k, x, k, keys, dModel);
      matvec(params.v, x, v, values, dModel);
      matvec(params.gate, x, gate, values, dModel);
      matvec(params.decayDown, x, low, gateRank, dModel);
      matvec(params.decayUp, low, raw, keys, gateRank, params.decayBias);
      for (let i = 0; i < keys; i++) g[i] = -softplus(-raw[i]!) / gateNormalizer; // log sigmoid(raw) / normalizer
    },
    write(mixed, y) {
      normThenGate(mixed, gate, params.normWeight, eps, normed);
      matvec(params.o, normed, y, dModel, values);
    },
  };
}
