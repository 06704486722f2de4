// Recursive least squares on the WebAssembly kernels, to the bit as ../plain/rls-{accumulate,solve,predict}.ts, over states in
// the kernel memory; a state elsewhere goes to the plain ones. Kernels: ../simd/rls.ts.

import { rlsAccumulate } from '../plain/rls-accumulate.ts';
import { rlsPredict } from '../plain/rls-predict.ts';
import { rlsSolve } from '../plain/rls-solve.ts';
import { kernelMemory } from './memory.ts';
import type { Region } from './region.ts';
import { sharedRegion } from './shared-region.ts';
import type { Simd } from './simd.ts';

/** gram [features (features + 1) / 2] f64, packed lower triangle; moment [features, targets] f64; weights likewise, f32. */
export interface Rls {
  /** gram <- forget gram + phi phi^T; moment <- forget moment + phi y^T. @param phi [features]   @param y [targets] */
  accumulate(gram: Float64Array, moment: Float64Array, phi: Float64Array, y: Float64Array, forget: number): void;
  /** (gram + ridge I) weights = moment; false, with `weights` untouched, where that has no finite solution. */
  solve(gram: Float64Array, moment: Float64Array, ridge: number, weights: Float32Array): boolean;
  /** out [targets] = weights^T phi. */
  predict(weights: Float32Array, phi: Float64Array, out: Float64Array): void;
}

/** @throws ERR_MEMORY_FULL with `simd`, when the kernel memory has no room left */
export function rlsOf(features: number, targets: number, simd?: Simd): Rls {
  const plain = plainRls(features, targets);
  if (!simd) return plain;
  const key = `rls ${simd.numerics} ${features} ${targets}`;
  return sharedRegion(key, (region) => nearRls(features, targets, simd, region, plain));
}

function plainRls(features: number, targets: number): Rls {
  const factor = new Float64Array((features * (features + 1)) / 2);
  const solution = new Float64Array(features * targets);
  return {
    accumulate: rlsAccumulate,
    solve: (gram, moment, ridge, weights) => rlsSolve(gram, moment, ridge, weights, factor, solution),
    predict: rlsPredict,
  };
}

function nearRls(features: number, targets: number, { kernels }: Simd, region: Region, plain: Rls): Rls {
  const { buffer } = kernelMemory();
  const doubles = (n: number): Float64Array => new Float64Array(buffer, region.floats(2 * n), n);
  const [row, y] = [doubles(features), doubles(targets)];
  const [phiAt, targetAt] = [row.byteOffset, y.byteOffset];
  const column = doubles(features).byteOffset;
  const factor = doubles((features * (features + 1)) / 2).byteOffset;
  const solution = doubles(features * targets).byteOffset;
  const isNear = (view: ArrayBufferView): boolean => view.buffer === buffer;
  return {
    accumulate(gram, moment, phi, target, forget) {
      if (!isNear(gram)) return plain.accumulate(gram, moment, phi, target, forget);
      row.set(phi);
      y.set(target);
      kernels.rlsAccumulate(gram.byteOffset, moment.byteOffset, phiAt, targetAt, forget, features, targets);
    },
    solve(gram, moment, ridge, weights) {
      if (!isNear(gram)) return plain.solve(gram, moment, ridge, weights);
      const from = gram.byteOffset;
      const to = weights.byteOffset;
      return kernels.rlsSolve(from, moment.byteOffset, ridge, to, factor, column, solution, features, targets) === 1;
    },
    predict(weights, phi, out) {
      if (!isNear(weights)) return plain.predict(weights, phi, out);
      row.set(phi);
      kernels.rlsPredict(weights.byteOffset, phiAt, targetAt, features, targets);
      out.set(y);
    },
  };
}
