// A mixture of experts on the WebAssembly kernels: the equations of cell.ts. The router takes all rows of a call at once; which
// experts run, and with what weight, the plain router decides row by row from logits in the kernel memory. Rounding may turn a
// tie of two logits: then other experts run than in the plain cell.

import { sigmoid } from '../../base/math.ts';
import type { GatedMlpWeights } from '../../kernel/plain/gated-mlp.ts';
import { routeTopK } from '../../kernel/plain/moe-router.ts';
import type { NearMatrix, Region } from '../../kernel/wasm/region.ts';
import type { Simd, SimdKernels } from '../../kernel/wasm/simd.ts';
import { LOWERED_ROWS_MAX, type Lowered } from '../cell.ts';
import type { MoeConfig, MoeParams } from './params.ts';

export function lowerMoe(params: MoeParams, config: MoeConfig, { kernels }: Simd, region: Region): Lowered {
  const { dModel, dHidden, experts: total, chosen: count } = config;
  const { rule, shared } = params;
  const sharedHidden = shared ? (config.sharedHidden ?? 0) : 0;

  const router = region.matrix(params.router, total, dModel);
  const start = region.matrix(new Float32Array(0), dModel, 0, params.bias); // of no inputs: y = bias, or 0
  const scratch = { inner: region.floats(2 * Math.max(dHidden, sharedHidden)), made: region.floats(dModel) };
  const adder = (weights: GatedMlpWeights, hidden: number): AddExpert =>
    expertAdder(weights, hidden, dModel, scratch, kernels, region);
  const experts = params.experts.map((weights) => adder(weights, dHidden));
  const sharedExpert = shared && adder(shared.mlp, sharedHidden);
  const sharedGate = shared && region.matrix(shared.gate, 1, dModel);

  const logits = region.floats(LOWERED_ROWS_MAX * total);
  const logitRows = Array.from({ length: LOWERED_ROWS_MAX }, (_, row) => region.view(logits + 4 * row * total, total));
  const weight = region.floats(LOWERED_ROWS_MAX);
  const weights = region.view(weight, LOWERED_ROWS_MAX);
  const chosen = new Uint32Array(count);
  const gates = new Float64Array(count);

  return {
    scan(_state, x, y, rows) {
      kernels.matmul(router.w, router.bias, x, logits, total, dModel, rows);
      kernels.matmul(start.w, start.bias, x, y, dModel, 0, rows);
      if (sharedGate) kernels.matmul(sharedGate.w, sharedGate.bias, x, weight, 1, dModel, rows);
      for (let row = 0; row < rows; row++) {
        const from = x + 4 * row * dModel;
        const to = y + 4 * row * dModel;
        routeTopK(logitRows[row]!, rule, chosen, gates);
        for (let j = 0; j < count; j++) experts[chosen[j]!]!(from, to, gates[j]!);
        sharedExpert?.(from, to, sigmoid(weights[row]!));
      }
    },
  };
}

/** y += weight * down (silu(gate x) * up x), one row. */
type AddExpert = (x: number, y: number, weight: number) => void;

function expertAdder(
  { gate, up, down }: GatedMlpWeights,
  hidden: number,
  dModel: number,
  { inner, made }: { readonly inner: number; readonly made: number },
  kernels: SimdKernels,
  region: Region,
): AddExpert {
  const joined = new Float32Array(2 * hidden * dModel);
  joined.set(gate);
  joined.set(up, hidden * dModel);
  const into: NearMatrix = region.matrix(joined, 2 * hidden, dModel);
  const out: NearMatrix = region.matrix(down, dModel, hidden);
  const raised = inner + 4 * hidden;
  return (x, y, weight) => {
    kernels.matmul(into.w, into.bias, x, inner, 2 * hidden, dModel, 1);
    kernels.siluInto(inner, inner, hidden);
    kernels.multiplyInto(inner, raised, hidden);
    kernels.matmul(out.w, out.bias, inner, made, dModel, hidden, 1);
    kernels.addScaled(y, made, weight, dModel);
  };
}
