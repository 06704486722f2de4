// What does a pipeline's arithmetic: the WebAssembly kernels, the same with fused multiply-adds, or the plain loops that
// explain them. One engine serves a whole pipeline; a cell without a lowered form runs its plain one, which is as portable.

import { engineError } from '../base/errors.ts';
import type { AsyncCell } from '../cell/cell.ts';
import { loadSimd, type Simd } from '../kernel/wasm/simd.ts';
import type { Model } from '../weights/tensor.ts';

/** The first one is the default. */
export const ENGINES = ['portable', 'relaxed', 'plain'] as const;
export type EngineName = (typeof ENGINES)[number];

export interface Engine {
  readonly name: EngineName | 'onnx';
  /** Equal names mean equal bits; a snapshot goes on only under its own. */
  readonly numerics: string;
  /** Absent: plain. */
  readonly simd?: Simd;
  /** Models run elsewhere and answer later; the stages around them stay here. Given by the app, which knows a runtime. */
  readonly openCell?: (model: Model) => Promise<AsyncCell>;
}

const PLAIN: Engine = { name: 'plain', numerics: 'plain-1' };

/** @throws ERR_ENGINE_UNAVAILABLE where this JavaScript engine lacks what it needs; ERR_USAGE for another name */
export async function loadEngine(name: string = ENGINES[0]): Promise<Engine> {
  if (name === 'plain') return PLAIN;
  if (name !== 'portable' && name !== 'relaxed') {
    throw engineError('ERR_USAGE', `there is no engine "${name}"`, { expected: `one of ${ENGINES.join(', ')}` });
  }
  return { name, numerics: `${name}-1`, simd: await loadSimd(name) };
}
