// Recursive least squares on the WebAssembly kernels, to the bit as ../plain/rls-{accumulate,solve,predict}.ts, over states in
// the kernel memory; a state elsewhere goes to the plain ones. Kernels: ../simd/rls.ts.

import { rlsAccumulate } from '../plain/rls-accumulate.ts';
import type { PackedWeights } from '../plain/rls-pack.ts';
import { rlsPredict } from '../plain/rls-predict.ts';
import { rlsSolve } from '../plain/rls-solve.ts';
import { kernelMemory } from './memory.ts';
import type { Region } from './region.ts';
import { sharedRegion } from './shared-region.ts';
import type { Simd } from './simd.ts';

/** gram [features (features + 1) / 2] f32, packed lower triangle; moment [features, targets] f32; weights likewise. */
export interface Rls {
  /** gram <- forget gram + phi phi^T; moment <- forget moment + phi y^T. @param phi [features]   @param y [targets] */
  accumulate(gram: Float32Array, moment: Float32Array, phi: Float64Array, y: Float64Array, forget: number): void;
  /**
   * (gram + ridge I) weights = moment + ridge prior: without evidence the weights are the prior's, not zero.
   * @param prior [features, targets]; absent: zero   @returns false, with `weights` untouched, without a finite solution
   */
  solve(
    gram: Float32Array,
    moment: Float32Array,
    ridge: number,
    weights: Float32Array,
    prior?: Float32Array | Float64Array,
  ): boolean;
  /** `solve` on the sums of several grams and moments: one read-out for all columns of a row. */
  solveSum(
    grams: readonly Float32Array[],
    moments: readonly Float32Array[],
    ridge: number,
    weights: Float32Array,
    prior?: Float32Array | Float64Array,
  ): boolean;
  /** Scratch [features, targets] each: what was solved last, and for weights that are used in one go. */
  readonly solved: Float32Array;
  readonly weights: Float32Array;
  /** out [targets] = weights^T phi. */
  predict(weights: PackedWeights, phi: Float64Array, out: Float64Array): void;
}

/** @throws ERR_MEMORY_FULL with `simd`, when the kernel memory has no room left */
export function rlsOf(features: number, targets: number, simd?: Simd): Rls {
  const plain = plainRls(features, targets);
  if (!simd) return plain;
  const key = `rls ${simd.numerics} ${features} ${targets}`;
  return sharedRegion(key, (region) => nearRls(features, targets, simd, region, plain));
}

function plainRls(features: number, targets: number): Rls {
  const packed = (features * (features + 1)) / 2;
  const factor = new Float64Array(packed);
  const solution = new Float64Array(features * targets);
  const sums = new Float64Array(packed);
  const rhs = new Float64Array(features * targets);
  const solveSum: Rls['solveSum'] = (grams, moments, ridge, weights, prior) => {
    addAll(grams, sums);
    addAll(moments, rhs);
    return rlsSolve(sums, towards(rhs, ridge, prior), ridge, weights, factor, solution);
  };
  return {
    accumulate: rlsAccumulate,
    solve: (gram, moment, ridge, weights, prior) => solveSum([gram], [moment], ridge, weights, prior),
    solveSum,
    solved: new Float32Array(features * targets),
    weights: new Float32Array(features * targets),
    predict: rlsPredict,
  };
}

/** to = sum of `parts`, in their order. */
function addAll(parts: readonly Float32Array[], to: Float64Array): void {
  to.set(parts[0]!);
  for (let n = 1; n < parts.length; n++) {
    const part = parts[n]!;
    for (let i = 0; i < to.length; i++) to[i]! += part[i]!;
  }
}

/** rhs += ridge prior */
function towards(rhs: Float64Array, ridge: number, prior?: Float32Array | Float64Array): Float64Array {
  if (prior) for (let i = 0; i < rhs.length; i++) rhs[i]! += ridge * prior[i]!;
  return rhs;
}

function nearRls(features: number, targets: number, { kernels }: Simd, region: Region, plain: Rls): Rls {
  const { buffer } = kernelMemory();
  const doubles = (n: number): Float64Array => new Float64Array(buffer, region.floats(2 * n), n);
  const [row, y] = [doubles(features), doubles(targets)];
  const [phiAt, targetAt] = [row.byteOffset, y.byteOffset];
  const column = doubles(features).byteOffset;
  const factor = doubles((features * (features + 1)) / 2).byteOffset;
  const solution = doubles(features * targets).byteOffset;
  const sums = doubles((features * (features + 1)) / 2);
  const rhs = doubles(features * targets);
  const isNear = (view: ArrayBufferView): boolean => view.buffer === buffer;
  const solveSum: Rls['solveSum'] = (grams, moments, ridge, weights, prior) => {
    if (!isNear(weights)) return plain.solveSum(grams, moments, ridge, weights, prior);
    addAll(grams, sums);
    addAll(moments, rhs);
    const [from, moment] = [sums.byteOffset, towards(rhs, ridge, prior).byteOffset];
    const to = weights.byteOffset;
    return kernels.rlsSolve(from, moment, ridge, to, factor, column, solution, features, targets) === 1;
  };
  return {
    accumulate(gram, moment, phi, target, forget) {
      if (!isNear(gram)) return plain.accumulate(gram, moment, phi, target, forget);
      row.set(phi);
      y.set(target);
      kernels.rlsAccumulate(gram.byteOffset, moment.byteOffset, phiAt, targetAt, forget, features, targets);
    },
    solve: (gram, moment, ridge, weights, prior) => solveSum([gram], [moment], ridge, weights, prior),
    solveSum,
    solved: region.view(region.floats(features * targets), features * targets),
    weights: region.view(region.floats(features * targets), features * targets),
    predict(weights, phi, out) {
      const { values, scales } = weights;
      if (!isNear(values)) return plain.predict(weights, phi, out);
      row.set(phi);
      kernels.rlsPredict(values.byteOffset, scales.byteOffset, phiAt, targetAt, features, targets);
      out.set(y);
    },
  };
}
