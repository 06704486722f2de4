// What a row of in_proj says, between the projection and the recurrence, and what happens after it. Shared by step and
// by the scan in chunks, so that both see the same bits of k, q, v, angle and dt.

import { exp, sigmoid, silu, softplus, tanh } from '../../base/math.ts';
import { mamba3Rotate, mamba3Turn } from '../../kernel/plain/mamba3-rotate.ts';
import { rmsNorm } from '../../kernel/plain/rms-norm.ts';
import { type Mamba3Params, type Mamba3Sizes, mamba3Decay } from './params.ts';

/** Scratch of one row: decay, now, before [heads] f64 (mamba3-step.ts); k, q [heads, dState], v, z [dInner] f32. */
export type Selected = ReturnType<ReturnType<typeof selectRow>>;

/**
 * A function of a row of in_proj, of the angles [heads, pairs] (moved on by it) and of a factor on dt. It writes and
 * returns its own scratch, and allocates nothing.
 */
export function selectRow(params: Mamba3Params, sizes: Mamba3Sizes) {
  const { dInner, dState, heads, nGroups, pairs, shared, eps } = sizes;
  const B = new Float32Array(shared);
  const C = new Float32Array(shared);
  const groups = Array.from({ length: nGroups }, (_, g) =>
    [B, C].map((all) => all.subarray(g * dState, (g + 1) * dState)),
  );
  const speed = new Float64Array(pairs);
  const dt = new Float64Array(heads);
  const row = {
    decay: new Float64Array(heads),
    now: new Float64Array(heads),
    before: new Float64Array(heads),
    k: new Float32Array(heads * dState),
    q: new Float32Array(heads * dState),
    v: new Float32Array(dInner),
    z: new Float32Array(dInner),
  };
  const atB = 2 * dInner;
  const atDt = atB + 2 * shared;

  return (projected: Float32Array, angle: Float64Array, factor: number) => {
    for (let i = 0; i < dInner; i++) {
      row.z[i] = projected[i]!;
      row.v[i] = projected[dInner + i]!;
    }
    for (let i = 0; i < shared; i++) {
      B[i] = projected[atB + i]!;
      C[i] = projected[atB + shared + i]!;
    }
    for (let g = 0; g < nGroups; g++) {
      rmsNorm(groups[g]![0]!, params.bNorm, eps, groups[g]![0]!);
      rmsNorm(groups[g]![1]!, params.cNorm, eps, groups[g]![1]!);
    }
    for (let j = 0; j < heads; j++) {
      const step = factor * softplus(projected[atDt + j]! + params.dtBias[j]!);
      const lam = sigmoid(projected[atDt + 2 * heads + j]!);
      dt[j] = step;
      row.decay[j] = exp(step * mamba3Decay(projected[atDt + heads + j]!, sizes));
      row.now[j] = lam * step;
      row.before[j] = (1 - lam) * step;
    }
    for (let i = 0; i < pairs; i++) speed[i] = tanh(projected[atDt + 3 * heads + i]!) * Math.PI;
    mamba3Turn(angle, speed, dt);
    mamba3Rotate(B, params.bBias, angle, row.k, heads, nGroups, dState);
    mamba3Rotate(C, params.cBias, angle, row.q, heads, nGroups, dState);
    return row;
  };
}

/** y [dInner] = y silu(z), with `outNorm` normed head by head first. In place; allocates nothing. */
export function gateRow({ normWeight }: Mamba3Params, { dInner, headDim, eps }: Mamba3Sizes) {
  const inner = new Float32Array(dInner);
  const heads = Array.from({ length: dInner / headDim }, (_, j) => {
    const part = (all: Float32Array): Float32Array => all.subarray(j * headDim, (j + 1) * headDim);
    return { y: part(inner), weight: normWeight && part(normWeight) };
  });
  return (y: Float32Array, z: Float32Array): void => {
    for (let i = 0; i < dInner; i++) inner[i] = y[i]!;
    if (normWeight) for (let j = 0; j < heads.length; j++) rmsNorm(heads[j]!.y, heads[j]!.weight!, eps, heads[j]!.y);
    for (let i = 0; i < dInner; i++) y[i] = inner[i]! * silu(z[i]!);
  };
}
